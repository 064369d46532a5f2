//! What a page without a question is taken to ask, where its sweep leaves no doubt.

use crate::kind::Role;
use crate::plan::draws::draws;
use crate::plan::{Ask, NodeIndex, Question};
use crate::report::read::results::Results;

/// What a control is called in this field.
const CONTROLS: [&str; 7] = ["random", "untrained", "shuffled", "permuted", "scrambled", "control", "false"];

/// The contrast of a swept variable with its control (`trained − random`), by the other variable where there is one. Nothing where no
/// variable, or more than one, has two values of which one is a control, or where several evaluations vary so.
pub fn derived(results: &Results<'_>) -> Option<Question> {
    let plan = &results.study.plan;
    let drawn = draws(&plan.nodes);
    let contrasts: Vec<(&str, String, String)> = plan
        .sweep
        .iter()
        .filter_map(|(name, values)| {
            let [a, b] = values.as_slice() else { return None };
            let [a, b] = [a, b].map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            match [&a, &b].map(|value| CONTROLS.contains(&value.to_lowercase().as_str())) {
                [false, true] => Some((name.as_str(), a, b)),
                [true, false] => Some((name.as_str(), b, a)),
                _ => None,
            }
        })
        .collect();
    let [(of, plus, minus)] = contrasts.as_slice() else { return None };
    let varies =
        |node: NodeIndex, name: &str| results.node(node).id.variant.iter().any(|(variable, _)| variable == name);
    let nodes: Vec<NodeIndex> =
        results.giving(&[Role::Scores, Role::Summary]).into_iter().filter(|&node| varies(node, of)).collect();
    let first = results.node(*nodes.first()?);
    if nodes.iter().any(|&node| results.node(node).id.name != first.id.name) {
        return None;
    }
    let others: Vec<&String> = first
        .id
        .variant
        .iter()
        .map(|(variable, _)| variable)
        .filter(|variable| variable != of && drawn.iter().all(|draw| draw.variable != **variable))
        .collect();
    let by = match others.as_slice() {
        [] => None,
        [one] => Some((*one).clone()),
        _ => return None,
    };
    let ask = Ask::Contrast { of: (*of).to_owned(), plus: plus.clone(), minus: minus.clone(), by };
    Some(Question { ask, of: nodes, measure: None })
}
