//! The best variant among those that a study scores, and the evaluation behind it.

use serde_json::Value as Json;

use crate::kind::Role;
use crate::plan::draws::{Draw, draws};
use crate::plan::{NodeIndex, ReportItem};
use crate::report::read::grid::json_text;
use crate::report::read::results::Results;
use crate::report::read::sample::{BY_NODE, Sample, Source};

/// The option by which charts of scores take a measure.
const MEASURE: &str = "y";

/// The best variant of a comparison, and the evaluation that scored it.
pub struct Best {
    pub sample: Sample,
    /// Its place among the groups of the sample.
    pub group: usize,
    /// The variant's name; empty where there is only one.
    pub name: String,
    /// Its variables and values.
    pub labels: Vec<(String, String)>,
    /// The node whose table says so.
    pub node: NodeIndex,
    /// The evaluation behind it, where it is found; of a mean over draws, that of the first.
    pub evaluation: Option<NodeIndex>,
    /// The variables by which variants are draws of one study: scores are each unit's mean over them.
    pub draws: Vec<Draw>,
}

/// Nodes that compare scores.
pub fn comparisons(results: &Results<'_>) -> Vec<NodeIndex> {
    results.giving(&[Role::Comparison, Role::Scores])
}

/// Nodes that score predictions.
pub fn evaluations(results: &Results<'_>) -> Vec<NodeIndex> {
    results.giving(&[Role::Scores, Role::Summary])
}

/// The variables by which some variants are draws of one study, among those that tell them apart.
fn draws_of<'a>(results: &Results<'_>, differ: impl Iterator<Item = &'a str> + Clone) -> Vec<Draw> {
    let all = draws(&results.study.plan.nodes);
    all.into_iter().filter(|draw| differ.clone().any(|name| name == draw.variable)).collect()
}

/// The best variant that a comparison lists, by its first measure.
pub fn best_of(results: &Results<'_>, compare: NodeIndex) -> Option<Best> {
    best_by(results, compare, None)
}

/// The same by a measure.
fn best_by(results: &Results<'_>, compare: NodeIndex, measure: Option<&str>) -> Option<Best> {
    let labels = results.node(compare).edges.iter().flat_map(|edge| &edge.label).map(|(name, _)| name.as_str());
    let draws = draws_of(results, labels);
    let over = |role| Sample::gather_over(results, &[compare], Source::Of(role), (None, measure), &draws);
    let sample = over(Role::Scores).or_else(|| over(Role::Comparison))?;
    let group = sample.best().unwrap_or(0);
    let evaluation = evaluation_behind(results, compare, &sample.groups[group].labels, &draws);
    let chosen = &sample.groups[group];
    let (name, labels) = (sample.name(chosen), chosen.labels.clone());
    Some(Best { name, labels, group, evaluation, node: compare, draws, sample })
}

/// The best of some evaluations, as if they were compared, by their first measure.
pub fn best_among(results: &Results<'_>, nodes: &[NodeIndex]) -> Option<Best> {
    best_among_by(results, nodes, None)
}

/// The same by a measure.
fn best_among_by(results: &Results<'_>, nodes: &[NodeIndex], measure: Option<&str>) -> Option<Best> {
    let variants = nodes.iter().flat_map(|&node| &results.node(node).id.variant).map(|(name, _)| name.as_str());
    let draws = draws_of(results, variants);
    let sample = Sample::gather_over(results, nodes, Source::Of(Role::Scores), (None, measure), &draws)?;
    let group = sample.best().unwrap_or(0);
    let chosen = &sample.groups[group];
    let fits = |node: &&NodeIndex| {
        let id = &results.node(**node).id;
        let own = |(name, value): &(String, String)| match name.as_str() {
            BY_NODE => id.name == *value,
            name => id.variant.iter().any(|(known, own)| known == name && own == value),
        };
        chosen.labels.iter().filter(|(_, value)| !value.is_empty()).all(own)
    };
    let node = nodes.iter().find(fits).or(nodes.first()).copied()?;
    let (name, labels) = (sample.name(chosen), chosen.labels.clone());
    Some(Best { name, labels, group, evaluation: Some(node), node, draws, sample })
}

/// The evaluation whose edge into the comparison bears a variant's labels, the first of its draws.
fn evaluation_behind(
    results: &Results<'_>,
    compare: NodeIndex,
    labels: &[(String, String)],
    draws: &[Draw],
) -> Option<NodeIndex> {
    let edges = results.node(compare).edges.iter().filter(|edge| results.gives(edge.from, &[Role::Scores]));
    let told = |(name, value): &(String, Json)| labels.iter().any(|(n, v)| n == name && *v == json_text(value));
    let matching = edges.clone().find(|edge| {
        let rest = || edge.label.iter().filter(|(name, _)| draws.iter().all(|draw| draw.variable != *name));
        rest().count() == labels.len() && rest().all(told)
    });
    matching.or_else(|| edges.clone().next().filter(|_| edges.clone().count() == 1)).map(|edge| edge.from)
}

/// The best variant of the comparison that the recipe's report charts first, by the measure that this chart shows; else of the study's
/// first comparison that has scores, else of its evaluations.
pub fn headline(results: &Results<'_>) -> Option<Best> {
    let all = comparisons(results);
    let charted = declared(results, &all);
    let first = charted.as_ref().and_then(|(node, measure)| best_by(results, *node, measure.as_deref()));
    let mut compared = all.iter().filter_map(|&node| best_of(results, node));
    first.or_else(|| compared.next()).or_else(|| {
        let nodes = evaluations(results);
        let charted = declared(results, &nodes).and_then(|(_, measure)| measure);
        let by = |measure: Option<&str>| best_among_by(results, &nodes, measure);
        (!nodes.is_empty())
            .then(|| charted.as_deref().and_then(|measure| by(Some(measure))).or_else(|| by(None)))
            .flatten()
    })
}

/// The first of some nodes that the recipe's report charts, and the measure that it asks of it.
fn declared(results: &Results<'_>, among: &[NodeIndex]) -> Option<(NodeIndex, Option<String>)> {
    results.study.plan.report.iter().find_map(|item| match item {
        ReportItem::Chart(chart) => {
            let node = chart.nodes.iter().copied().find(|node| among.contains(node))?;
            Some((node, chart.options.get(MEASURE).and_then(Json::as_str).map(str::to_owned)))
        }
        _ => None,
    })
}

/// The evaluation that a chart of predictions shows: the one named, or the best of those meant.
pub fn evaluation_of(results: &Results<'_>, nodes: &[NodeIndex]) -> Option<NodeIndex> {
    let scores = |node: &NodeIndex| results.gives(*node, &[Role::Scores, Role::Summary]);
    let scored: Vec<NodeIndex> = nodes.iter().copied().filter(scores).collect();
    match scored.as_slice() {
        [] => best_of(results, *nodes.first()?)?.evaluation,
        [one] => Some(*one),
        many => best_among(results, many)?.evaluation,
    }
}
