//! Similarities of representations, sorted into the variants and regions that they are of.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::kind::measure::Ceiling;
use crate::kind::{Role, column};
use crate::plan::NodeIndex;
use crate::report::read::grid::Grid;
use crate::report::read::measure::Measure;
use crate::report::read::order::Order;
use crate::report::read::results::Results;
use crate::report::read::sample::main_measure;

/// Similarities of one measure: means over subjects, by category and series.
pub struct Similarities {
    pub measure: Measure,
    /// What the categories differ in, such as `layer`; empty where there is one.
    pub variable: String,
    /// Whether categories follow one another, as a recipe sweeps them.
    pub ordered: bool,
    /// What the series differ in.
    pub second: String,
    pub categories: Vec<String>,
    /// Names of the series; one empty name where there is only one.
    pub series: Vec<String>,
    /// Variables that differ, in order.
    pub variables: Vec<String>,
    pub means: Vec<Mean>,
    /// What a ceiling of the measure is, as declared.
    pub ceiling: Ceiling,
    /// What the ends of intervals are; empty where there are none.
    pub interval: String,
}

/// The mean over the subjects of a region, and each subject's own.
pub struct Mean {
    pub category: usize,
    pub series: usize,
    /// The values of the variables that differ.
    pub labels: Vec<String>,
    pub value: f64,
    pub spread: Spread,
    pub subjects: usize,
    /// The ends of the ceiling, or twice the same number.
    pub ceiling: Option<(f64, f64)>,
    pub own: Vec<(String, f64)>,
}

/// How far a mean may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    Unknown,
    /// The standard error of the mean over subjects.
    Sem(f64),
    /// The ends of an interval.
    Interval(f64, f64),
}

/// A row of a table of means, before it is sorted.
struct Row {
    labels: Vec<(String, String)>,
    mean: Mean,
}

impl Similarities {
    /// Those of some nodes; `x` and `y` are as a chart of the recipe names them.
    pub fn gather(results: &Results<'_>, nodes: &[NodeIndex], x: Option<&str>, y: Option<&str>) -> Option<Self> {
        let found: Vec<(NodeIndex, Rc<Grid>)> =
            nodes.iter().filter_map(|&node| Some((node, results.of_role(node, Role::OverSubjects)?))).collect();
        let first = &found.first()?.1;
        let y = y.map(str::to_owned).or_else(|| main_measure(first))?;
        let mut rows = Vec::new();
        for (node, grid) in &found {
            let pairs = results.of_role(*node, Role::Similarity);
            rows.extend(read(results, *node, grid, pairs.as_deref(), &y));
        }
        let intervals = rows.iter().any(|row| matches!(row.mean.spread, Spread::Interval(..)));
        let declared = results.measures.declared(&y);
        let said = first.fact_text(crate::kind::fact::INTERVAL);
        let interval = said.or(declared.map(|measure| measure.interval)).filter(|said| intervals && !said.is_empty());
        // Where variants are compared otherwise, what they have in common is what the kind says.
        let same = found.iter().all(|(_, grid)| grid.definitions.get(&y) == first.definitions.get(&y));
        let definitions = if same { first.definitions.clone() } else { BTreeMap::new() };
        let similar = Self {
            measure: results.measures.measure(&y, &definitions),
            variable: String::new(),
            ordered: false,
            second: String::new(),
            categories: Vec::new(),
            series: Vec::new(),
            variables: Vec::new(),
            means: Vec::new(),
            ceiling: declared.map_or(Ceiling::None, |measure| measure.ceiling),
            interval: interval.unwrap_or(if intervals { "interval" } else { "" }).to_owned(),
        };
        similar.sorted(results, rows, x)
    }

    /// Sorts rows by what they differ in: the variable of most values along x, regions as series.
    fn sorted(mut self, results: &Results<'_>, rows: Vec<Row>, x: Option<&str>) -> Option<Self> {
        let mut variables: Vec<(String, usize)> = Vec::new();
        for (name, _) in rows.iter().flat_map(|row| &row.labels) {
            if !variables.iter().any(|(known, _)| known == name) {
                let values: BTreeSet<&str> = rows.iter().map(|row| row.label(name)).collect();
                variables.push((name.clone(), values.len()));
            }
        }
        variables.retain(|(name, count)| *count > 1 || x == Some(name));
        let own = |name: &str| [column::A, column::REGION].contains(&name);
        let most = variables.iter().filter(|(name, _)| !own(name)).map(|(_, count)| *count).max();
        let swept = variables.iter().find(|(name, count)| !own(name) && Some(*count) == most);
        let of_its_own =
            || [column::A, column::REGION].into_iter().find(|own| variables.iter().any(|(name, _)| name == own));
        let named = x.filter(|x| variables.iter().any(|(name, _)| name == x));
        self.variable =
            named.or(swept.map(|(name, _)| name.as_str())).or_else(of_its_own).unwrap_or_default().to_owned();
        self.ordered = !self.variable.is_empty() && !own(&self.variable);
        self.variables = variables.into_iter().map(|(name, _)| name).collect();
        let rest: Vec<&String> = self.variables.iter().filter(|name| **name != self.variable).collect();
        let mut categories = Order::of(results, &self.variable);
        let mut series = match rest.as_slice() {
            [one] => Order::of(results, one),
            _ => Order::default(),
        };
        for mut row in rows {
            row.mean.category = categories.place(row.label(&self.variable));
            let words: Vec<&str> = rest.iter().map(|name| row.label(name)).filter(|word| !word.is_empty()).collect();
            row.mean.series = series.place(&words.join(", "));
            row.mean.labels = self.variables.iter().map(|name| row.label(name).to_owned()).collect();
            self.means.push(row.mean);
        }
        self.second = rest.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let (categories, to_category) = categories.used();
        let (series, to_series) = series.used();
        for mean in &mut self.means {
            (mean.category, mean.series) = (to_category[mean.category], to_series[mean.series]);
        }
        self.means.sort_by_key(|mean| (mean.category, mean.series));
        (self.categories, self.series) = (categories, series);
        (!self.means.is_empty()).then_some(self)
    }

    /// What a mean is called: its category, and its series where there are several.
    pub fn name(&self, mean: &Mean) -> String {
        let words = [&self.categories[mean.category], &self.series[mean.series]];
        words.into_iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(", ")
    }

    /// The least and the most subjects of a mean.
    pub fn subjects(&self) -> (usize, usize) {
        let counts = || self.means.iter().map(|mean| mean.subjects);
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }
}

impl Row {
    fn label(&self, variable: &str) -> &str {
        self.labels.iter().find(|(name, _)| name == variable).map_or("", |(_, value)| value)
    }
}

/// The means of one node.
fn read(results: &Results<'_>, node: NodeIndex, grid: &Grid, pairs: Option<&Grid>, y: &str) -> Vec<Row> {
    let text = |grid: &Grid, name: &str, row: usize| grid.text(name, row).unwrap_or_default();
    let regions: Vec<String> = (0..grid.rows).map(|row| text(grid, column::REGION, row)).collect();
    let mut rows = Vec::new();
    for row in 0..grid.rows {
        let Some(value) = grid.number(y, row) else { continue };
        let of = text(grid, column::A, row);
        let alone = regions.iter().filter(|region| **region == regions[row]).count() == 1;
        let mine = |pairs: &Grid, at: usize| {
            text(pairs, column::REGION, at) == regions[row] && (alone || text(pairs, column::A, at) == of)
        };
        let mut own = Vec::new();
        let mut ends = None;
        if let Some(pairs) = pairs {
            for at in (0..pairs.rows).filter(|&at| mine(pairs, at)) {
                own.extend(pairs.number(y, at).map(|value| (text(pairs, column::SUBJECT, at), value)));
                ends = pairs.number(column::LOW, at).zip(pairs.number(column::HIGH, at));
            }
        }
        // The interval of a single subject is the one that its own row has.
        let ends = ends.filter(|_| own.len() == 1);
        let interval = grid.number(column::LOW, row).zip(grid.number(column::HIGH, row)).or(ends);
        let sem = || grid.number(column::SEM, row).map_or(Spread::Unknown, Spread::Sem);
        let mut labels = results.node(node).id.variant.clone();
        for (name, value) in [(column::A, of), (column::REGION, regions[row].clone())] {
            if !labels.iter().any(|(known, _)| known == name) {
                labels.push((name.to_owned(), value));
            }
        }
        let number = |name: &str| grid.number(name, row);
        rows.push(Row {
            labels,
            mean: Mean {
                category: 0,
                series: 0,
                labels: Vec::new(),
                value,
                spread: interval.map_or_else(sem, |(low, high)| Spread::Interval(low, high)),
                subjects: grid.number(column::SUBJECTS, row).map_or(own.len(), |count| count as usize),
                ceiling: match results.measures.declared(y).map(|measure| measure.ceiling) {
                    Some(Ceiling::Band(low, high)) => number(low).zip(number(high)),
                    Some(Ceiling::Column(of) | Ceiling::Between(of)) => number(of).map(|value| (value, value)),
                    _ => None,
                },
                own,
            },
        });
    }
    rows
}
