//! Which charts and tables a page shows: those a recipe lists, else each kind's own.

use std::collections::BTreeMap;

use crate::plan::{Chart, NodeIndex, ReportItem};
use crate::report::charts::CHART_KINDS;
use crate::report::charts::distribution;
use crate::report::charts::distribution::Look;
use crate::report::charts::{confusion, curves, histogram, learning, overview};
use crate::report::charts::{pairs, penalties, pictures, responses, scatter, stimuli};
use crate::report::draw::data::Data;
use crate::report::draw::figure::Figure;
use crate::report::page::answer::{Best, best_among, best_of, compares, evaluations};
use crate::report::page::table::{Sheet, sheet};
use crate::report::read::results::Shelf;
use crate::report::read::sample::{Sample, main_measure};
use crate::report::read::status::{Standing, families, told};
use crate::report::read::study::{Audience, ReportError};
use crate::text::nearest::nearest;
use crate::value::ty::Type;

/// One thing in the page, in order.
pub enum Item {
    Text(String),
    Figure(Figure),
    Sheet(Sheet),
    /// Something that was asked for and cannot be shown, with the reason.
    Missing(String),
}

/// The report as the recipe lists it, or every kind's defaults; without what is private where everyone may look.
pub fn items(shelf: &Shelf<'_>) -> Result<Vec<Item>, ReportError> {
    let mut items = all(shelf)?;
    if shelf.study.audience == Audience::Everyone {
        for item in &mut items {
            if let Item::Figure(figure) = item
                && figure.private
            {
                *item = Item::Missing(format!("{}: left out, since these pictures are private.", figure.title));
            }
        }
    }
    Ok(items)
}

fn all(shelf: &Shelf<'_>) -> Result<Vec<Item>, ReportError> {
    if shelf.study.plan.report.is_empty() {
        let mut items = defaults(shelf);
        once(&mut items);
        tell_apart(shelf, &mut items);
        return Ok(items);
    }
    shelf.study.plan.report.iter().map(|item| declared(shelf, item)).collect()
}

/// Leaves out charts of the very numbers that an earlier one has: a choice hands on what was shown where it was made.
fn once(items: &mut Vec<Item>) {
    let mut shown: Vec<Data> = Vec::new();
    items.retain(|item| {
        let Item::Figure(figure) = item else { return true };
        let again = figure.data.len() > 0 && shown.contains(&figure.data);
        shown.push(figure.data.clone());
        !again
    });
}

/// Adds the node's name to charts that would share a title.
fn tell_apart(shelf: &Shelf<'_>, items: &mut [Item]) {
    let mut titles: BTreeMap<String, usize> = BTreeMap::new();
    for item in items.iter() {
        if let Item::Figure(figure) = item {
            *titles.entry(figure.title.clone()).or_default() += 1;
        }
    }
    for item in items {
        if let Item::Figure(figure) = item
            && titles[&figure.title] > 1
            && let Some(&node) = figure.nodes.first()
        {
            figure.title = format!("{}, {}", figure.title, shelf.node(node).id.name);
        }
    }
}

/// One item of a recipe's `report:`.
pub fn declared(shelf: &Shelf<'_>, item: &ReportItem) -> Result<Item, ReportError> {
    Ok(match item {
        ReportItem::Text(text) => Item::Text(text.clone()),
        ReportItem::Table { nodes, port } => match sheet(shelf, nodes, port.as_deref()) {
            Some(sheet) => Item::Sheet(sheet),
            None => Item::Missing(missing(shelf, nodes, "table")),
        },
        ReportItem::Chart(chart) => {
            let kind = chart.kind.as_deref();
            if let Some(kind) = kind.filter(|kind| !CHART_KINDS.contains(kind)) {
                return Err(ReportError::new(unknown(kind)));
            }
            match figure(shelf, chart) {
                Some(figure) => Item::Figure(figure),
                None => Item::Missing(missing(shelf, &chart.nodes, kind.unwrap_or("chart"))),
            }
        }
    })
}

/// Says that there is no such chart, which exist, and which may be meant.
fn unknown(kind: &str) -> String {
    let meant = nearest(kind, CHART_KINDS.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    format!("there is no chart `{kind}`{}; there are {}", meant.unwrap_or_default(), CHART_KINDS.join(", "))
}

fn missing(shelf: &Shelf<'_>, nodes: &[NodeIndex], what: &str) -> String {
    let ids: Vec<String> = nodes.iter().take(4).map(|&node| format!("`{}`", shelf.node(node).id)).collect();
    let why = nodes.iter().map(|&node| Standing::of(shelf.study, node)).min();
    let why = match why {
        Some(Standing::Done | Standing::Dropped) if nodes.iter().all(|&node| !shelf.node(node).keep) => {
            "the node does not keep its outputs (`keep: false`)".to_owned()
        }
        Some(Standing::Done) => "its results hold nothing that this shows".to_owned(),
        Some(Standing::Failed) => "the computation failed".to_owned(),
        Some(Standing::Skipped) => "something it needs failed".to_owned(),
        Some(Standing::Stale) => "its last results are of other inputs or parameters".to_owned(),
        Some(Standing::New) => "it has not run yet".to_owned(),
        Some(Standing::Dropped) => "its outputs were dropped".to_owned(),
        None => "no node is named".to_owned(),
    };
    format!("No {what} of {}: {why}.", ids.join(", "))
}

fn figure(shelf: &Shelf<'_>, chart: &Chart) -> Option<Figure> {
    let nodes = &chart.nodes;
    let first = *nodes.first()?;
    let title = chart.title.as_deref();
    let (port, x, y) = (chart.port.as_deref(), chart.x.as_deref(), chart.y.as_deref());
    let scores = |look: Look| {
        let table = (matches!(look, Look::Bar | Look::Profile) && port.is_none()).then_some("table");
        let with = |port| Sample::gather(shelf, nodes, port, x, y);
        let has_table = table.is_some_and(|table| shelf.node(first).kind.output(table).is_some());
        let mut sample = if has_table { with(table) } else { None }.or_else(|| with(port))?;
        // A table of means knows no ceilings; the units beside it do.
        sample.ceiling = sample.ceiling.or_else(|| with(Some("per_unit"))?.ceiling);
        Some(distribution::figure(&sample, look, &chart.reference, title))
    };
    let made = match chart.kind.as_deref().or_else(|| usual(shelf, first))? {
        "box" => scores(Look::Box),
        "violin" => scores(Look::Violin),
        "strip" => scores(Look::Strip),
        "bar" => scores(Look::Bar),
        "profile" => scores(Look::Profile),
        "histogram" => {
            let sample = Sample::gather(shelf, nodes, port, x, y)?;
            let any = sample.groups.iter().any(|group| !group.values.is_empty());
            any.then(|| histogram::figure(&sample, &chart.reference, title))
        }
        "scatter" => scatter::figure(shelf, scored(shelf, nodes)?, &chart.units, title),
        "responses" => responses::figure(shelf, scored(shelf, nodes)?, &chart.units, title),
        "stimuli" => stimuli::figure(shelf, scored(shelf, nodes)?, title),
        "learning" => learning::figure(shelf, nodes, title),
        "confusion" => confusion::figure(shelf, nodes, title),
        "sweep" => overview::figure(shelf, first, y, title),
        "spectrum" => curves::spectrum(shelf, nodes, title),
        "penalties" => penalties::figure(shelf, nodes, title),
        "images" => pictures::figure(shelf, first, port, title),
        "pairs" => compared(shelf, first, y, title),
        "line" => curves::lines(shelf, nodes, port, (x, y), title),
        _ => None,
    };
    made.map(|figure| made_by(figure, nodes))
}

/// The evaluation that a chart of predictions shows: the one named, or the best of those meant.
fn scored(shelf: &Shelf<'_>, nodes: &[NodeIndex]) -> Option<NodeIndex> {
    let scored: Vec<NodeIndex> =
        nodes.iter().copied().filter(|&node| shelf.node(node).kind.input("predictions").is_some()).collect();
    match scored.as_slice() {
        [] => best_of(shelf, *nodes.first()?)?.evaluation,
        [one] => Some(*one),
        many => best_among(shelf, many)?.evaluation,
    }
}

fn made_by(mut figure: Figure, nodes: &[NodeIndex]) -> Figure {
    if figure.nodes.is_empty() {
        figure.nodes = nodes.to_vec();
    }
    figure
}

/// The chart that a node has of itself, told by its ports.
fn usual(shelf: &Shelf<'_>, node: NodeIndex) -> Option<&'static str> {
    let kind = shelf.node(node).kind;
    let has = |port: &str| kind.output(port).is_some();
    Some(if has("table") && has("per_unit") {
        "box"
    } else if has("per_unit") || has("ceiling") {
        "histogram"
    } else if has("spectrum") {
        "spectrum"
    } else if has("alphas") {
        "penalties"
    } else if has("choice") {
        "sweep"
    } else if has("history") {
        "learning"
    } else if has("confusion") {
        "confusion"
    } else if kind.outputs.iter().any(|port| port.ty == Type::Images) {
        "images"
    } else if kind.outputs.iter().any(|port| port.ty == Type::Table) {
        "line"
    } else {
        return None;
    })
}

fn compared(shelf: &Shelf<'_>, node: NodeIndex, y: Option<&str>, title: Option<&str>) -> Option<Figure> {
    let grid = shelf.table(node, "pairs")?;
    let best = best_of(shelf, node);
    let of = match (y, &best) {
        (Some(y), _) => y.to_owned(),
        (None, Some(best)) => best.sample.measure.name.clone(),
        (None, None) => main_measure(&grid)?,
    };
    let best = best.filter(|best| best.sample.measure.name == of).map(|best| pairs::key_of(&best.labels));
    pairs::figure(&grid, &of, best.as_ref(), title).map(|figure| made_by(figure, &[node]))
}

fn defaults(shelf: &Shelf<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    let mut sheets = Vec::new();
    let compares = compares(shelf);
    let mut covered: Vec<NodeIndex> = Vec::new();
    for &node in &compares {
        covered.extend(shelf.node(node).edges.iter().map(|edge| edge.from));
        let Some(best) = best_of(shelf, node) else { continue };
        comparison(shelf, node, &best, &mut items);
        sheets.extend(sheet(shelf, &[node], Some("table")));
        sheets.extend(sheet(shelf, &[node], Some("pairs")));
        sheets.extend(sheet(shelf, &[node], Some("per_unit")).map(|sheet| Sheet { open: false, ..sheet }));
        if let Some(evaluation) = best.evaluation {
            evaluated(shelf, evaluation, &mut items);
        }
    }
    let evaluations = evaluations(shelf);
    let all = families(&shelf.study.plan.nodes);
    for family in &all {
        let loose: Vec<NodeIndex> =
            family.nodes.iter().copied().filter(|n| evaluations.contains(n) && !covered.contains(n)).collect();
        if loose.is_empty() {
            continue;
        }
        if loose.len() > 1
            && let Some(sample) = Sample::gather(shelf, &loose, Some("per_unit"), None, None)
        {
            items.push(Item::Figure(made_by(distribution::figure(&sample, Look::Box, &[], None), &loose)));
        }
        if let Some(evaluation) = best_among(shelf, &loose).and_then(|best| best.evaluation) {
            evaluated(shelf, evaluation, &mut items);
        }
        sheets.extend(sheet(shelf, &loose, Some("summary")));
        sheets.extend(sheet(shelf, &loose, Some("per_unit")).map(|sheet| Sheet { open: false, ..sheet }));
    }
    for ports in [&["confusion"][..], &["choice"], &["history"], &["ceiling"], &["spectrum"], &["alphas"]] {
        for family in &all {
            let kind = shelf.node(family.nodes[0]).kind;
            // A choice hands the winner's history on; it is shown where it was made.
            let handed_on = ports[0] != "choice" && kind.output("choice").is_some();
            if handed_on || !ports.iter().all(|port| kind.output(port).is_some()) {
                continue;
            }
            let beside = match ports[0] {
                "confusion" => &["summary", "per_class"][..],
                "choice" => &["choice"],
                _ => &[],
            };
            sheets.extend(beside.iter().filter_map(|port| sheet(shelf, &family.nodes, Some(port))));
            let made = match ports[0] {
                "ceiling" => ceilings(shelf, &family.nodes),
                "spectrum" => curves::spectrum(shelf, &family.nodes, None),
                "alphas" => penalties::figure(shelf, &family.nodes, None),
                "history" => learning::figure(shelf, &family.nodes, None),
                "confusion" => confusion::figure(shelf, &family.nodes, None),
                _ => overview::figure(shelf, family.nodes[0], None, None),
            };
            items.extend(made.map(|figure| Item::Figure(made_by(figure, &family.nodes))));
        }
    }
    for family in &all {
        let kind = shelf.node(family.nodes[0]).kind;
        if kind.outputs.iter().any(|port| port.ty == Type::Images) {
            items.extend(pictures::figure(shelf, family.nodes[0], None, None).map(Item::Figure));
        }
    }
    items.extend(sheets.into_iter().map(Item::Sheet));
    items
}

/// Scores by variant, further measures in charts of their own, and paired differences.
fn comparison(shelf: &Shelf<'_>, node: NodeIndex, best: &Best, items: &mut Vec<Item>) {
    let look = if best.sample.groups.iter().any(|group| !group.values.is_empty()) { Look::Box } else { Look::Profile };
    items.push(Item::Figure(made_by(distribution::figure(&best.sample, look, &[], None), &[node])));
    // Where variables go hand in hand, the first chart has them all.
    if best.sample.series.len() > 1 {
        items.extend(overview::figure(shelf, node, None, None).map(Item::Figure));
    }
    items.extend(compared(shelf, node, None, None).map(Item::Figure));
    for measure in ["explained_variance_nc", "r"].into_iter().filter(|name| *name != best.sample.measure.name) {
        if let Some(sample) = Sample::gather(shelf, &[node], Some("table"), None, Some(measure)) {
            let figure = distribution::figure(&sample, Look::Profile, &[], None);
            items.push(Item::Figure(made_by(figure, &[node])));
        }
    }
}

/// An evaluation by itself: its histogram, and predictions for a few units. Where it is one of several, titles say which.
fn evaluated(shelf: &Shelf<'_>, node: NodeIndex, items: &mut Vec<Item>) {
    let id = &shelf.node(node).id;
    let variant = told(id);
    let sample = Sample::gather(shelf, &[node], Some("per_unit"), None, None);
    let sample = sample.filter(|sample| sample.groups.iter().any(|group| !group.values.is_empty()));
    let scores = sample.map(|sample| {
        let title = format!("{} over units{variant}", crate::report::read::measure::capital(&sample.measure.label));
        made_by(histogram::figure(&sample, &[], Some(&title)), &[node])
    });
    let figures = [
        scores,
        scatter::figure(shelf, node, &[], None),
        responses::figure(shelf, node, &[], None),
        stimuli::figure(shelf, node, None),
    ];
    let nameless = variant.is_empty() && evaluations(shelf).len() > 1;
    items.extend(figures.into_iter().flatten().map(|mut figure| {
        if nameless {
            figure.title = format!("{}, {}", figure.title, id.name);
        }
        Item::Figure(figure)
    }));
}

fn ceilings(shelf: &Shelf<'_>, nodes: &[NodeIndex]) -> Option<Figure> {
    let sample = Sample::gather(shelf, nodes, Some("ceiling"), None, Some("ceiling"))?;
    let any = sample.groups.iter().any(|group| !group.values.is_empty());
    any.then(|| histogram::figure(&sample, &[], None))
}
