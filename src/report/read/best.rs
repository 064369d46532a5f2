//! The best variant among those that a study scores, and the evaluation behind it.

use serde_json::Value as Json;

use crate::kind::Role;
use crate::plan::NodeIndex;
use crate::plan::draws::{Draw, draws};
use crate::report::read::grid::json_text;
use crate::report::read::results::Results;
use crate::report::read::sample::{BY_NODE, Sample, Source};

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

/// The best variant that a comparison lists.
pub fn best_of(results: &Results<'_>, compare: NodeIndex) -> Option<Best> {
    let labels = results.node(compare).edges.iter().flat_map(|edge| &edge.label).map(|(name, _)| name.as_str());
    let draws = draws_of(results, labels);
    let over = |role| Sample::gather_over(results, &[compare], Source::Of(role), (None, None), &draws);
    let sample = over(Role::Scores).or_else(|| over(Role::Comparison))?;
    let group = sample.best().unwrap_or(0);
    let evaluation = evaluation_behind(results, compare, &sample.groups[group].labels, &draws);
    let chosen = &sample.groups[group];
    let (name, labels) = (sample.name(chosen), chosen.labels.clone());
    Some(Best { name, labels, group, evaluation, node: compare, draws, sample })
}

/// The best of some evaluations, as if they were compared.
pub fn best_among(results: &Results<'_>, nodes: &[NodeIndex]) -> Option<Best> {
    let variants = nodes.iter().flat_map(|&node| &results.node(node).id.variant).map(|(name, _)| name.as_str());
    let draws = draws_of(results, variants);
    let sample = Sample::gather_over(results, nodes, Source::Of(Role::Scores), (None, None), &draws)?;
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

/// The best variant of the study's first comparison that has scores, else of its evaluations.
pub fn headline(results: &Results<'_>) -> Option<Best> {
    let mut compared = comparisons(results).into_iter().filter_map(|node| best_of(results, node));
    compared.next().or_else(|| {
        let nodes = evaluations(results);
        (!nodes.is_empty()).then(|| best_among(results, &nodes)).flatten()
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
