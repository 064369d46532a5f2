//! Which charts and tables a page shows: those a recipe lists, else each kind's own.

use std::collections::BTreeMap;

use crate::kind::Role;
use crate::kind::chart::{Described, Options};
use crate::kind::measure::Weight;
use crate::plan::{Ask, Baseline, Chart, NodeIndex, Question, ReportItem};
use crate::report::charts;
use crate::report::charts::against_ceiling::AgainstCeiling;
use crate::report::charts::brackets::{Which, brackets};
use crate::report::charts::chart::{Draw, View};
use crate::report::charts::distribution;
use crate::report::charts::distribution::{Beside, Look};
use crate::report::charts::histogram::Histogram;
use crate::report::charts::map::Map;
use crate::report::charts::options::{Nothing, OfMeasure, OfUnits};
use crate::report::charts::pairs::Pairs;
use crate::report::charts::responses::ResponseProfiles;
use crate::report::charts::scatter::Scatter;
use crate::report::charts::stimuli::Stimuli;
use crate::report::charts::sweep::Sweep;
use crate::report::charts::{against_ceiling, chart, histogram, map};
use crate::report::draw::data::Data;
use crate::report::draw::figure::Figure;
use crate::report::page::table::{Table, of_role, table};
use crate::report::read::asked::baselines;
use crate::report::read::best::{Best, best_among, best_of, comparisons, evaluations};
use crate::report::read::measure::capital;
use crate::report::read::results::Results;
use crate::report::read::sample::{Sample, Source};
use crate::report::read::status::{Family, Status, families, told};
use crate::report::read::study::{Audience, ReportError};
use crate::text::nearest::nearest;
use crate::value::ty::Type;

/// One thing in the page, in order.
pub enum Item {
    Text(String),
    Figure(Figure),
    Table(Table),
    /// Something that was asked for and cannot be shown, with the reason.
    Missing(String),
}

/// The report as the recipe lists it, or every kind's defaults; without what is private where everyone may look.
pub fn items(results: &Results<'_>) -> Result<Vec<Item>, ReportError> {
    let mut items = all(results)?;
    if results.study.audience != Audience::Here {
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

fn all(results: &Results<'_>) -> Result<Vec<Item>, ReportError> {
    if results.study.plan.report.is_empty() {
        let mut items = defaults(results);
        once(&mut items);
        tell_apart(results, &mut items);
        return Ok(items);
    }
    results.study.plan.report.iter().map(|item| declared(results, item)).collect()
}

/// Leaves out charts of the very numbers that an earlier one has: a choice hands on what was shown where it was made.
fn once(items: &mut Vec<Item>) {
    let mut shown: Vec<Data> = Vec::new();
    items.retain(|item| {
        let Item::Figure(figure) = item else { return true };
        let again = !figure.data.is_empty() && shown.contains(&figure.data);
        shown.push(figure.data.clone());
        !again
    });
}

/// Adds the node's name to charts that would share a title.
fn tell_apart(results: &Results<'_>, items: &mut [Item]) {
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
            figure.title = format!("{}, {}", figure.title, results.node(node).id.name);
        }
    }
}

/// One item of a recipe's `report:`.
pub fn declared(results: &Results<'_>, item: &ReportItem) -> Result<Item, ReportError> {
    Ok(match item {
        ReportItem::Text(text) => Item::Text(text.clone()),
        ReportItem::Table { nodes, port } => match table(results, nodes, port.as_deref()) {
            Some(table) => Item::Table(table),
            None => Item::Missing(missing(results, nodes, "table")),
        },
        ReportItem::Chart(chart) => {
            let kind = chart.kind.as_deref();
            if let Some(kind) = kind.filter(|kind| charts::named(kind).is_none()) {
                return Err(ReportError::new(unknown(kind)));
            }
            match figure(results, chart) {
                Some(figure) => Item::Figure(figure),
                None => Item::Missing(missing(results, &chart.nodes, kind.unwrap_or("chart"))),
            }
        }
    })
}

/// Says that there is no such chart, which exist, and which may be meant.
fn unknown(kind: &str) -> String {
    let names: Vec<&str> = charts::charts().names().collect();
    let meant = nearest(kind, names.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    format!("there is no chart `{kind}`{}; there are {}", meant.unwrap_or_default(), names.join(", "))
}

fn missing(results: &Results<'_>, nodes: &[NodeIndex], what: &str) -> String {
    let ids: Vec<String> = nodes.iter().take(4).map(|&node| format!("`{}`", results.node(node).id)).collect();
    let why = nodes.iter().map(|&node| Status::of(results.study, node)).min();
    let why = match why {
        Some(Status::Done | Status::Dropped) if nodes.iter().all(|&node| !results.node(node).keep) => {
            "the node does not keep its outputs (`keep: false`)".to_owned()
        }
        Some(Status::Done) => "its results hold nothing that this shows".to_owned(),
        Some(Status::Failed) => "the computation failed".to_owned(),
        Some(Status::Skipped) => "something it needs failed".to_owned(),
        Some(Status::Stale) => "its last results are of other inputs or parameters".to_owned(),
        Some(Status::New) => "it has not run yet".to_owned(),
        Some(Status::Dropped) => "its outputs were dropped".to_owned(),
        None => "no node is named".to_owned(),
    };
    format!("No {what} of {}: {why}.", ids.join(", "))
}

fn figure(results: &Results<'_>, chart: &Chart) -> Option<Figure> {
    let first = *chart.nodes.first()?;
    let drawn = match chart.kind.as_deref() {
        Some(kind) => charts::named(kind)?,
        None => {
            chart.port.as_deref().and_then(|port| of_port(results, first, port)).or_else(|| usual(results, first))?
        }
    };
    let (port, title) = (chart.port.as_deref(), chart.title.as_deref());
    drawn.draw(&View { results, nodes: &chart.nodes, port, title }, &chart.options)
}

/// What a node is shown by where it gives several things, the first of them first.
const SPEAKING: &[Role] = &[
    Role::Comparison,
    Role::Scores,
    Role::Ceiling,
    Role::Spectrum,
    Role::Penalties,
    Role::Choice,
    Role::History,
    Role::Confusion,
    Role::Pictures,
    Role::Similarity,
    Role::Shares,
    Role::Rdm,
    Role::Ranks,
];

/// The chart of what stands at a port that is named, where it is more than a table.
fn of_port(results: &Results<'_>, node: NodeIndex, port: &str) -> Option<&'static chart::Chart> {
    let port = results.node(node).kind.outputs.iter().find(|out| out.name == port && out.ty != Type::Table)?;
    charts::usual(port.role()?)
}

/// The chart that a node has of itself: of the first of what it gives, else of a table that it has.
fn usual(results: &Results<'_>, node: NodeIndex) -> Option<&'static chart::Chart> {
    let given = SPEAKING.iter().copied().filter(|&role| results.gives(node, &[role]));
    let plain = results.table_ports(node).next().map(|_| Role::Table);
    given.chain(plain).find_map(charts::usual)
}

/// A chart of its own accord, with no options given.
fn drawn<C: Draw>(results: &Results<'_>, nodes: &[NodeIndex], options: &C::Options) -> Option<Item> {
    let figure = C::draw(&View { results, nodes, port: None, title: None }, options)?;
    Some(Item::Figure(made_by(figure, C::NAME, nodes)))
}

/// The usual chart of what nodes give of a role.
fn of(results: &Results<'_>, nodes: &[NodeIndex], role: Role) -> Option<Item> {
    let port = results.port(*nodes.first()?, role);
    charts::usual(role)?.draw(&View { results, nodes, port, title: None }, &Options::new()).map(Item::Figure)
}

fn made_by(mut figure: Figure, chart: &'static str, nodes: &[NodeIndex]) -> Figure {
    figure.chart = chart;
    if figure.nodes.is_empty() {
        figure.nodes = nodes.to_vec();
    }
    figure
}

fn defaults(results: &Results<'_>) -> Vec<Item> {
    let all = families(&results.study.plan.nodes);
    let mut page = Defaults { items: Vec::new(), tables: Vec::new() };
    let covered = page.comparisons(results);
    page.evaluations(results, &all, &covered);
    for role in OF_FAMILIES {
        for family in &all {
            page.family(results, family, role);
        }
    }
    for family in &all {
        page.items.extend(of(results, &family.nodes[..1], Role::Pictures));
    }
    for family in &all {
        for role in [Role::Agreement, Role::Ranks] {
            page.tables.extend(of_role(results, &family.nodes, role));
        }
    }
    page.items.extend(page.tables.into_iter().map(Item::Table));
    page.items
}

/// What families of nodes are shown by, in the order of a page.
const OF_FAMILIES: [Role; 10] = [
    Role::Confusion,
    Role::Choice,
    Role::History,
    Role::Similarity,
    Role::Ranks,
    Role::Agreement,
    Role::Shares,
    Role::Ceiling,
    Role::Spectrum,
    Role::Penalties,
];

/// A page that no recipe lists: charts first, tables below them.
struct Defaults {
    items: Vec<Item>,
    tables: Vec<Table>,
}

impl Defaults {
    /// What each comparison shows, with the best of its evaluations; gives the nodes that were compared.
    fn comparisons(&mut self, results: &Results<'_>) -> Vec<NodeIndex> {
        let mut covered: Vec<NodeIndex> = Vec::new();
        for node in comparisons(results) {
            covered.extend(results.node(node).edges.iter().map(|edge| edge.from));
            let Some(best) = best_of(results, node) else { continue };
            comparison(results, node, &best, &mut self.items);
            self.tables.extend(of_role(results, &[node], Role::OverDraws));
            self.tables.extend(of_role(results, &[node], Role::Comparison));
            self.tables.extend(of_role(results, &[node], Role::Pairs));
            self.closed(of_role(results, &[node], Role::Scores));
            if let Some(evaluation) = best.evaluation {
                evaluated(results, evaluation, &mut self.items);
            }
        }
        covered
    }

    /// Evaluations that nothing compares.
    fn evaluations(&mut self, results: &Results<'_>, all: &[Family<'_>], covered: &[NodeIndex]) {
        let evaluations = evaluations(results);
        for family in all {
            let loose: Vec<NodeIndex> =
                family.nodes.iter().copied().filter(|n| evaluations.contains(n) && !covered.contains(n)).collect();
            if loose.is_empty() {
                continue;
            }
            if loose.len() > 1
                && let Some(sample) = Sample::gather(results, &loose, Source::Of(Role::Scores), None, None)
            {
                self.items.push(Item::Figure(made_by(
                    distribution::figure(&sample, Look::Box, Beside::default(), (results.medium, None)),
                    Look::Box.chart(),
                    &loose,
                )));
                self.items.extend(mapped(results, &loose));
            }
            if let Some(evaluation) = best_among(results, &loose).and_then(|best| best.evaluation) {
                evaluated(results, evaluation, &mut self.items);
            }
            self.tables.extend(of_role(results, &loose, Role::Summary));
            self.closed(of_role(results, &loose, Role::Scores));
        }
    }

    /// What a family gives of a role, with the tables that stand beside its chart.
    fn family(&mut self, results: &Results<'_>, family: &Family<'_>, role: Role) {
        let first = family.nodes[0];
        // A choice hands the winner's history on; it is shown where it was made.
        let handed_on = role != Role::Choice && results.gives(first, &[Role::Choice]);
        if handed_on || !results.gives(first, &[role]) {
            return;
        }
        let beside = match role {
            Role::Similarity => &[Role::Similarity][..],
            Role::Confusion => &[Role::Accuracy, Role::ClassAccuracy],
            Role::Choice => &[Role::Choice],
            _ => &[],
        };
        self.tables.extend(beside.iter().filter_map(|&role| of_role(results, &family.nodes, role)));
        self.items.extend(of(results, &family.nodes, role));
        if role == Role::Similarity {
            self.items.extend(mapped(results, &family.nodes));
        }
    }

    /// A long table, which waits to be asked.
    fn closed(&mut self, table: Option<Table>) {
        self.tables.extend(table.map(|table| Table { open: false, ..table }));
    }
}

/// Means by variant and region, where there are several of both.
fn mapped(results: &Results<'_>, nodes: &[NodeIndex]) -> Option<Item> {
    let figure = map::usual(&View { results, nodes, port: None, title: None })?;
    Some(Item::Figure(made_by(figure, Map::NAME, nodes)))
}

/// Scores by variant, further measures in charts of their own, and paired differences.
fn comparison(results: &Results<'_>, node: NodeIndex, best: &Best, items: &mut Vec<Item>) {
    let look = if best.sample.groups.iter().any(|group| !group.values.is_empty()) { Look::Box } else { Look::Profile };
    let brackets = match look {
        Look::Box => brackets(results, node, &best.sample, Which::Best),
        _ => None,
    };
    let mut references = baselines(results, node, &best.sample.measure.name);
    if let Some(Question { ask: Ask::Against(Baseline::Published(value)), .. }) = &results.study.plan.question {
        references.push(("published".to_owned(), *value));
    }
    let beside = Beside { references: &references, brackets };
    let figure = distribution::figure(&best.sample, look, beside, (results.medium, None));
    items.push(Item::Figure(made_by(figure, look.chart(), &[node])));
    // Of draws of one study, each would be a row.
    if best.draws.is_empty() {
        items.extend(mapped(results, &[node]));
    }
    // Where variables go hand in hand, the first chart has them all.
    if best.sample.series.len() > 1 {
        items.extend(drawn::<Sweep>(results, &[node], &OfMeasure::default()));
    }
    items.extend(drawn::<Pairs>(results, &[node], &OfMeasure::default()));
    let charted = results.measures.iter().filter(|measure| measure.weight == Weight::Charted);
    for measure in charted.filter(|measure| measure.name != best.sample.measure.name) {
        let source = Source::Of(Role::Comparison);
        if let Some(sample) = Sample::gather(results, &[node], source, None, Some(measure.name)) {
            let figure = distribution::figure(&sample, Look::Profile, Beside::default(), (results.medium, None));
            items.push(Item::Figure(made_by(figure, Look::Profile.chart(), &[node])));
        }
    }
}

/// An evaluation by itself: its histogram, and predictions for a few units. Where it is one of several, titles say which.
fn evaluated(results: &Results<'_>, node: NodeIndex, items: &mut Vec<Item>) {
    let id = &results.node(node).id;
    let variant = told(id);
    let sample = Sample::gather(results, &[node], Source::Of(Role::Scores), None, None);
    let sample = sample.filter(|sample| sample.groups.iter().any(|group| !group.values.is_empty()));
    let scores = sample.map(|sample| {
        let title = format!("{} over units{variant}", capital(&sample.measure.label));
        let figure = histogram::figure(&sample, &[], (results.medium, Some(&title)));
        Item::Figure(made_by(figure, Histogram::NAME, &[node]))
    });
    let shown = [
        scores,
        drawn::<AgainstCeiling>(results, &[node], &against_ceiling::Options::default()),
        drawn::<Scatter>(results, &[node], &OfUnits::default()),
        drawn::<ResponseProfiles>(results, &[node], &OfUnits::default()),
        drawn::<Stimuli>(results, &[node], &Nothing {}),
    ];
    let nameless = variant.is_empty() && evaluations(results).len() > 1;
    items.extend(shown.into_iter().flatten().map(|mut item| {
        if let (true, Item::Figure(figure)) = (nameless, &mut item) {
            figure.title = format!("{}, {}", figure.title, id.name);
        }
        item
    }));
}
