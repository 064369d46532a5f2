//! The order in which variants stand: as the recipe sweeps them, others as they come.

use crate::report::read::grid::json_text;
use crate::report::read::results::Results;

/// Names in the order in which they are to stand, new ones last.
#[derive(Default)]
pub struct Order {
    names: Vec<String>,
    seen: Vec<bool>,
}

impl Order {
    /// The values of a variable as the recipe sweeps them; of another, those that are placed.
    pub fn of(results: &Results<'_>, variable: &str) -> Self {
        let swept = results.study.plan.sweep.iter().find(|(swept, _)| swept == variable);
        let names: Vec<String> = swept.map(|(_, values)| values.iter().map(json_text).collect()).unwrap_or_default();
        Self { seen: vec![false; names.len()], names }
    }

    /// The place of a name, which is now used.
    pub fn place(&mut self, name: &str) -> usize {
        let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.seen.push(false);
            self.names.len() - 1
        });
        self.seen[at] = true;
        at
    }

    /// The names that were placed, and where each former place went.
    pub fn used(self) -> (Vec<String>, Vec<usize>) {
        let mut to = Vec::with_capacity(self.names.len());
        let mut used = Vec::new();
        for (name, seen) in self.names.into_iter().zip(self.seen) {
            to.push(used.len());
            if seen {
                used.push(name);
            }
        }
        (used, to)
    }
}
