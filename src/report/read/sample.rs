//! Scores per unit, sorted into the variants that made them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::kind::{Role, column};
use crate::plan::NodeIndex;
use crate::plan::draws::Draw;
use crate::report::draw::data::{Data, cell, maybe};
use crate::report::draw::density;
use crate::report::draw::density::Summary;
use crate::report::read::grid::Grid;
use crate::report::read::measure::Measure;
use crate::report::read::order::Order;
use crate::report::read::over::Over;
use crate::report::read::results::Results;
use crate::report::read::row::Row;

/// Where a node's scores are sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// In the first of its tables that fits, one with a row per unit before others.
    Any,
    /// At the port that a recipe names.
    Port(&'a str),
    /// In what it gives of a role.
    Of(Role),
}

impl<'a> From<Option<&'a str>> for Source<'a> {
    fn from(port: Option<&'a str>) -> Self {
        port.map_or(Self::Any, Self::Port)
    }
}

/// Scores of one measure, group by group.
#[derive(Clone, Debug)]
pub struct Sample {
    pub measure: Measure,
    /// What the groups differ in, such as `layer`; empty where there is one group.
    pub variable: String,
    /// What the series differ in, where a second variable was swept.
    pub second: String,
    pub categories: Vec<String>,
    /// Names of the series; one empty name where there is only one.
    pub series: Vec<String>,
    pub groups: Vec<Group>,
    /// The mean over units of the noise ceiling, where the measure has one.
    pub ceiling: Option<f64>,
    pub facts: BTreeMap<String, Json>,
}

/// The scores of one variant.
#[derive(Clone, Debug)]
pub struct Group {
    pub category: usize,
    pub series: usize,
    /// Variables and their values, in the order of the sweep.
    pub labels: Vec<(String, String)>,
    /// Units and their scores.
    pub values: Vec<(String, f64)>,
    /// Units whose score is undefined.
    pub missing: usize,
    /// Mean, SEM and n, as stored where a table gives them.
    pub summary: Option<Summary>,
    /// Of means over draws: the mean over units of each.
    pub draws: Vec<f64>,
}

impl Sample {
    /// Scores per unit out of the tables of some nodes: groups are told apart by the tables' own columns, else by the
    /// nodes' variants. `x` and `y` are as a chart of the recipe names them.
    pub fn gather(
        results: &Results<'_>,
        nodes: &[NodeIndex],
        source: Source<'_>,
        x: Option<&str>,
        y: Option<&str>,
    ) -> Option<Self> {
        Self::gather_over(results, nodes, source, (x, y), &[])
    }

    /// The same of each unit's mean over variants that differ in the variables `draws` alone.
    pub fn gather_over(
        results: &Results<'_>,
        nodes: &[NodeIndex],
        source: Source<'_>,
        (x, y): (Option<&str>, Option<&str>),
        draws: &[Draw],
    ) -> Option<Self> {
        let tables: Vec<(NodeIndex, std::rc::Rc<Grid>)> =
            nodes.iter().filter_map(|&node| Some((node, find_table(results, node, source, y)?))).collect();
        let first = &tables.first()?.1;
        let y = y.map_or_else(|| main_measure(first), |y| Some(y.to_owned()))?;
        let mut rows: Vec<Row> = Vec::new();
        for (node, grid) in &tables {
            let mut own = results.node(*node).id.variant.clone();
            if tables.iter().any(|(other, _)| results.node(*other).id.name != results.node(*node).id.name) {
                own.push((BY_NODE.to_owned(), results.node(*node).id.name.clone()));
            }
            for row in 0..grid.rows {
                if grid.has(column::MEASURE) && grid.text(column::MEASURE, row).as_deref() != Some(&y) {
                    continue;
                }
                rows.push(Row::read(grid, row, (x, &y), &own));
            }
        }
        let over = Over::of(&mut rows, draws);
        let definitions = tables.iter().flat_map(|(_, grid)| grid.definitions.clone()).collect();
        let measure = results.measures.measure(&y, &definitions);
        let mut sample = Self::sort(rows, measure, x, results)?;
        for group in &mut sample.groups {
            group.draws = over.draws(&group.labels);
        }
        if let Some(bound) = results.measures.ceiling(&y) {
            let ceilings = tables.iter().flat_map(|(_, grid)| (0..grid.rows).filter_map(|row| grid.number(bound, row)));
            sample.ceiling = density::summary(&ceilings.collect::<Vec<_>>()).map(|s| s.mean);
        }
        sample.facts = first.facts.clone();
        Some(sample)
    }

    fn sort(rows: Vec<Row>, measure: Measure, x: Option<&str>, results: &Results<'_>) -> Option<Self> {
        let mut variables: Vec<String> = Vec::new();
        for (name, _) in rows.iter().flat_map(|row| &row.labels) {
            if !variables.contains(name) {
                variables.push(name.clone());
            }
        }
        let variable = match x {
            Some(x) if variables.iter().any(|name| name == x) => x.to_owned(),
            _ => longest_sweep(&variables, &rows),
        };
        let all: Vec<String> = variables.iter().filter(|name| !name.is_empty()).cloned().collect();
        variables.retain(|name| *name != variable);
        let mut categories = Order::of(results, &variable);
        let mut series = match variables.as_slice() {
            [one] => Order::of(results, one),
            _ => Order::default(),
        };
        let mut groups: Vec<Group> = Vec::new();
        for row in rows {
            let category = categories.place(&row.label(&variable));
            let rest: Vec<String> = variables.iter().map(|name| row.label(name)).collect();
            let series = series.place(&rest.join(", "));
            let at = groups.iter().position(|g| g.category == category && g.series == series).unwrap_or_else(|| {
                let labels = all.iter().map(|name| (name.clone(), row.label(name))).collect();
                let values = Vec::new();
                groups.push(Group { category, series, labels, values, missing: 0, summary: None, draws: Vec::new() });
                groups.len() - 1
            });
            let group = &mut groups[at];
            match (row.summary, row.value) {
                (Some(summary), _) => group.summary = Some(summary),
                (None, Some(value)) => group.values.push((row.unit, value)),
                (None, None) => group.missing += 1,
            }
        }
        let (categories, to_category) = categories.used();
        let (series, to_series) = series.used();
        for group in &mut groups {
            group.category = to_category[group.category];
            group.series = to_series[group.series];
            if group.summary.is_none() {
                group.summary = density::summary(&group.values.iter().map(|v| v.1).collect::<Vec<_>>());
            }
        }
        groups.sort_by_key(|group| (group.category, group.series));
        let mut second = variables.join(", ");
        let (mut categories, mut series, mut variable) = (categories, series, variable);
        // One series in each category, another in the next: they stand in one row, not side by side in every category.
        if series.len() > 1 && !variable.is_empty() && groups.len() == categories.len() {
            categories = groups.iter().map(|g| format!("{}, {}", categories[g.category], series[g.series])).collect();
            for (at, group) in groups.iter_mut().enumerate() {
                (group.category, group.series) = (at, 0);
            }
            (variable, series) = (format!("{variable}, {second}"), vec![String::new()]);
            second.clear();
        }
        (!groups.is_empty()).then(|| Self {
            measure,
            variable,
            second,
            categories,
            series,
            groups,
            ceiling: None,
            facts: BTreeMap::new(),
        })
    }

    /// The group of the highest mean, where there are several.
    pub fn best(&self) -> Option<usize> {
        let means = self.groups.iter().enumerate().filter_map(|(at, group)| Some((at, group.summary?.mean)));
        let best = means.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        (self.groups.len() > 1).then_some(best.0)
    }

    /// What groups differ in, as an axis and a title call it; nothing where only the recipe's names tell them apart.
    pub fn axis(&self) -> String {
        match self.variable.as_str() {
            column::LABEL | BY_NODE => String::new(),
            name => name.replace('_', " "),
        }
    }

    /// Whether categories follow one another, so that a line may join them.
    pub fn is_ordered(&self) -> bool {
        !(self.axis().is_empty() || self.variable.contains(", "))
    }

    /// The variables in which groups differ, and a group's values of them.
    pub fn told(&self, group: &Group) -> Vec<(String, String)> {
        let differs = |(at, label): (usize, &(String, String))| {
            self.groups.iter().any(|other| other.labels.get(at) != Some(label)).then(|| label.clone())
        };
        group.labels.iter().enumerate().filter_map(differs).collect()
    }

    /// What a group is called: its category, and its series where there are several.
    pub fn name(&self, group: &Group) -> String {
        let category = &self.categories[group.category];
        let series = &self.series[group.series];
        match (category.is_empty(), series.is_empty()) {
            (_, true) => category.clone(),
            (true, false) => series.clone(),
            (false, false) => format!("{category}, {series}"),
        }
    }

    /// A row per unit, or per variant where only summaries are known.
    pub fn data(&self) -> Data {
        let labels = self.groups.first().into_iter().flat_map(|group| &group.labels).map(|(name, _)| name.clone());
        let label = |group: &Group| group.labels.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
        let by_unit = self.groups.iter().any(|group| !group.values.is_empty());
        let own: &[&str] = if by_unit { &[column::UNIT] } else { &[column::MEAN, column::SEM, column::UNITS] };
        let heads = labels.chain(own.iter().map(|&head| head.to_owned()));
        let mut data = Data::of(heads.chain(by_unit.then(|| self.measure.name.clone())));
        for group in &self.groups {
            for (unit, value) in &group.values {
                data.row(label(group).into_iter().chain([unit.clone(), cell(*value)]));
            }
            if let (false, Some(s)) = (by_unit, group.summary) {
                data.row(label(group).into_iter().chain([cell(s.mean), maybe(s.sem), s.n.to_string()]));
            }
        }
        data
    }

    /// The least and the most units that any group has a score for.
    pub fn units(&self) -> (usize, usize) {
        let counts = || self.groups.iter().map(|group| group.summary.map_or(0, |s| s.n));
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }
}

/// The variable by which groups of nodes of several names are told apart.
pub const BY_NODE: &str = "node";

/// The first measure of a table of scores.
pub fn main_measure(grid: &Grid) -> Option<String> {
    if grid.has(column::MEASURE) {
        let names = (0..grid.rows).filter_map(|row| grid.text(column::MEASURE, row)).collect::<Vec<_>>();
        return names.iter().find(|name| grid.measures.is_first(name)).or(names.first()).cloned();
    }
    let after = grid.columns.iter().skip_while(|c| grid.has(column::UNIT) && c.name != column::UNIT).map(|c| &c.name);
    let measures: Vec<&String> =
        after.filter(|name| column::may_measure(name) && grid.numeric().any(|c| c.name == **name)).collect();
    measures.iter().find(|name| grid.measures.is_share(name)).or(measures.first()).map(|name| (*name).clone())
}

/// The table a chart of scores reads: at the port named, else the first with a row per unit and the measure.
fn find_table(
    results: &Results<'_>,
    node: NodeIndex,
    source: Source<'_>,
    y: Option<&str>,
) -> Option<std::rc::Rc<Grid>> {
    match source {
        Source::Port(port) => return results.table(node, port),
        Source::Of(role) => return results.of_role(node, role),
        Source::Any => {}
    }
    let tables: Vec<_> = results.table_ports(node).filter_map(|port| results.table(node, port)).collect();
    let holds = |grid: &Grid| y.is_none_or(|y| grid.has(y));
    tables
        .iter()
        .find(|grid| grid.has(column::UNIT) && holds(grid))
        .or_else(|| tables.iter().find(|grid| holds(grid)))
        .cloned()
}

fn longest_sweep(variables: &[String], rows: &[Row]) -> String {
    let distinct =
        |name: &String| rows.iter().map(|row| row.label(name)).collect::<std::collections::BTreeSet<_>>().len();
    let counts: Vec<usize> = variables.iter().map(distinct).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    variables.iter().zip(counts).find(|(_, count)| *count == most).map(|(name, _)| name.clone()).unwrap_or_default()
}
