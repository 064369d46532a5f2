//! Splits that keep the stimuli of one label together: whole groups are held out, or left out in turn.

use std::collections::BTreeMap;

use crate::kind::KindError;
use crate::value::split::{Assignment, Part};

/// Groups of pictures.
pub struct Whole {
    /// By name.
    groups: BTreeMap<String, Vec<usize>>,
    rows: usize,
}

impl Whole {
    /// Groups pictures by their labels.
    pub fn of(labels: &[String]) -> Self {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, label) in labels.iter().enumerate() {
            groups.entry(label.clone()).or_default().push(row);
        }
        Self { groups, rows: labels.len() }
    }

    /// One group cannot be apart from itself.
    fn refuse_one(&self) -> Result<(), KindError> {
        let (1, Some((name, rows))) = (self.groups.len(), self.groups.first_key_value()) else { return Ok(()) };
        Err(KindError::new(format!(
            "all {} stimuli are of one group, `{name}`, and `groups` keeps a group together: none can be held out; give `labels` of \
             two groups or more, or leave `groups` out",
            rows.len()
        )))
    }

    /// Groups in an order that their names and the seed draw.
    fn drawn(&self, seed: u64) -> Vec<&Vec<usize>> {
        let lot = |name: &str| {
            *blake3::Hasher::new().update(&seed.to_le_bytes()).update(name.as_bytes()).finalize().as_bytes()
        };
        let mut order: Vec<([u8; 32], &Vec<usize>)> =
            self.groups.iter().map(|(name, rows)| (lot(name), rows)).collect();
        order.sort_unstable_by_key(|a| a.0);
        order.into_iter().map(|(_, rows)| rows).collect()
    }

    /// Holds out groups until the fractions `(test, val)` of the pictures are reached as nearly as whole groups can.
    pub fn hold_out(&self, (test, val): (f64, f64), seed: u64) -> Result<Vec<Part>, KindError> {
        self.refuse_one()?;
        let mut parts = vec![Part::Train; self.rows];
        let mut left = self.drawn(seed);
        for (part, fraction) in [(Part::Test, test), (Part::Val, val)] {
            let wanted = fraction * self.rows as f64;
            let mut have = 0;
            let mut kept = Vec::new();
            for group in left {
                let (now, then) = ((wanted - have as f64).abs(), (wanted - (have + group.len()) as f64).abs());
                if then < now {
                    group.iter().for_each(|&row| parts[row] = part);
                    have += group.len();
                } else {
                    kept.push(group);
                }
            }
            if fraction > 0.0 && have == 0 {
                return Err(KindError::new(format!(
                    "`{}` is {fraction} of {} stimuli, less than half of any of the {} groups; hold out more, or leave `groups` out",
                    part.name(),
                    self.rows,
                    self.groups.len()
                )));
            }
            left = kept;
        }
        match left.is_empty() {
            false => Ok(parts),
            true => Err(KindError::new(format!(
                "the {} groups are all held out, and none is left to train on",
                self.groups.len()
            ))),
        }
    }

    /// Deals groups to folds, each to the one that has the fewest stimuli, the largest first.
    pub fn take_turns(&self, count: usize, seed: u64) -> Result<Assignment, KindError> {
        self.refuse_one()?;
        if count > self.groups.len() {
            return Err(KindError::new(format!(
                "`folds` is {count} but there are {} groups; a fold leaves out at least one",
                self.groups.len()
            )));
        }
        let mut order = self.drawn(seed);
        // Stable: equal groups keep the drawn order.
        order.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let mut fold = vec![0; self.rows];
        let mut sizes = vec![0; count];
        for group in order {
            let least = (0..count).min_by_key(|&at| sizes[at]).expect("two folds at least");
            group.iter().for_each(|&row| fold[row] = least);
            sizes[least] += group.len();
        }
        Ok(Assignment::Folds { count, fold })
    }
}
