//! Which figure is meant by a node and a chart's name, and all of a study's page.

use crate::kind::chart::Options;
use crate::plan::{Chart, NodeIndex, ReportItem};
use crate::report::charts;
use crate::report::draw::figure::Figure;
use crate::report::draw::medium::Medium;
use crate::report::page::choose::{Item, declared, items};
use crate::report::page::table::{Table, table};
use crate::report::print::layout::layout;
use crate::report::print::shape::Drawing;
use crate::report::print::style::Style;
use crate::report::read::results::Results;
use crate::report::read::study::{ReportError, Study};

/// Something of a page, as print has it.
#[derive(Debug)]
pub enum Printed {
    Figure(PrintedFigure),
    Table(Box<Table>),
}

/// A figure, what its caption says and the numbers in it.
#[derive(Debug)]
pub struct PrintedFigure {
    /// By the node and the chart, such as `by_layer-box`.
    pub name: String,
    pub drawing: Drawing,
    pub title: String,
    pub caption: String,
    pub definition: String,
    /// The numbers, as comma-separated text.
    pub numbers: String,
    /// Shows pictures that are never published.
    pub private: bool,
}

/// Why there is no figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The results hold nothing that the chart shows, or there is no such chart.
    Missing(String),
    /// It does not fit into the size asked for.
    Unfit(String),
}

impl From<ReportError> for Refusal {
    fn from(error: ReportError) -> Self {
        Self::Missing(error.to_string())
    }
}

/// The figure of some nodes: of a chart, else the first that `report:` has of them, else their own; with the options that `report:` gives
/// it. An error says what there is instead.
pub fn figure(
    study: &Study<'_>,
    (nodes, port): (&[NodeIndex], Option<&str>),
    chart: Option<&str>,
    (style, letter): (&Style, Option<&str>),
) -> Result<PrintedFigure, Refusal> {
    let results = printed(study, style);
    let chart = chosen(study, (nodes, port), chart);
    match declared(&results, &ReportItem::Chart(chart))? {
        Item::Figure(figure) => one(&results, figure, style, letter),
        Item::Missing(why) => Err(Refusal::Missing(why.trim_end_matches('.').replacen("No ", "no ", 1))),
        Item::Text(_) | Item::Table(_) => Err(Refusal::Missing("this is no chart".to_owned())),
    }
}

/// The table of some nodes' port, else their first.
pub fn table_of(study: &Study<'_>, nodes: &[NodeIndex], port: Option<&str>) -> Option<Table> {
    table(&Results::new(study), nodes, port)
}

/// The charts that show something of some nodes: each is tried.
pub fn charts_of(study: &Study<'_>, nodes: &[NodeIndex], port: Option<&str>) -> Vec<&'static str> {
    let results = Results::new(study);
    let shows = |name: &&'static str| {
        let chart = chosen(study, (nodes, port), Some(name));
        matches!(declared(&results, &ReportItem::Chart(chart)), Ok(Item::Figure(_)))
    };
    charts::charts().names().filter(shows).collect()
}

/// Everything on the page, in its order; what could not be shown is left out, with the reason.
pub fn all(study: &Study<'_>, style: &Style) -> Result<(Vec<Printed>, Vec<String>), ReportError> {
    let results = printed(study, style);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for item in items(&results)? {
        match item {
            Item::Text(_) => {}
            Item::Missing(why) => missing.push(why),
            Item::Table(table) => found.push(Printed::Table(Box::new(table))),
            Item::Figure(figure) => match one(&results, figure, style, None) {
                Ok(figure) => found.push(Printed::Figure(figure)),
                Err(Refusal::Missing(why) | Refusal::Unfit(why)) => missing.push(why),
            },
        }
    }
    Ok((found, missing))
}

/// Results whose charts are drawn at the width of print.
fn printed<'a>(study: &'a Study<'a>, style: &Style) -> Results<'a> {
    Results::printed(study, Medium::Print((style.room() / style.scale()) as u32))
}

fn one(results: &Results<'_>, figure: Figure, style: &Style, letter: Option<&str>) -> Result<PrintedFigure, Refusal> {
    let node = figure.nodes.first().map_or("study", |&node| results.node(node).id.name.as_str());
    let name = format!("{node}-{}", figure.chart);
    let drawing = layout(&figure, style, letter).map_err(|why| Refusal::Unfit(format!("{name}: {why}")))?;
    Ok(PrintedFigure {
        name,
        drawing,
        title: figure.title,
        caption: figure.caption,
        definition: figure.definition,
        numbers: figure.data.csv(),
        private: figure.private,
    })
}

/// The chart as `report:` has it, where it does.
fn chosen(study: &Study<'_>, (nodes, port): (&[NodeIndex], Option<&str>), chart: Option<&str>) -> Chart {
    let listed = study.plan.report.iter().filter_map(|item| match item {
        ReportItem::Chart(item) => Some(item),
        _ => None,
    });
    let meant = listed.filter(|item| {
        let same = port.is_none() || item.port.is_none() || item.port.as_deref() == port;
        same && (chart.is_none() || item.kind.as_deref() == chart) && nodes.iter().all(|node| item.nodes.contains(node))
    });
    // Of the very nodes before one of several others.
    let item = meant.min_by_key(|item| item.nodes.len());
    let (kind, options, title, own) = match item {
        Some(item) => (item.kind.clone(), item.options.clone(), item.title.clone(), item.port.clone()),
        None => (None, Options::new(), None, None),
    };
    Chart {
        nodes: nodes.to_vec(),
        port: port.map(str::to_owned).or(own),
        kind: chart.map(str::to_owned).or(kind),
        title,
        options,
    }
}
