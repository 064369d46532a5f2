//! What the study found, in a sentence out of its data.

use serde::Serialize;
use serde_json::Value as Json;

use crate::plan::NodeIndex;
use crate::report::charts::pairs::{Pair, against, key_of, pairs, sign, titled, worded};
use crate::report::draw::density::Summary;
use crate::report::draw::number::{count, counted, score};
use crate::report::read::grid::{Grid, json_text};
use crate::report::read::measure::{capital, measure};
use crate::report::read::results::Shelf;
use crate::report::read::sample::Sample;

/// The sentence at the top, in parts, so that the page can set the number apart.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Answer {
    pub before: String,
    pub score: String,
    pub after: String,
    /// How sure that is: the runner-up, and what a reader must not overlook.
    pub sure: Vec<String>,
    pub definition: String,
    /// The node that made the number.
    pub node: Option<NodeIndex>,
}

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
    /// The evaluation behind it, where it is found.
    pub evaluation: Option<NodeIndex>,
}

/// Nodes that compare scores, and those that make them, told by their ports.
pub fn compares(shelf: &Shelf<'_>) -> Vec<NodeIndex> {
    by_ports(shelf, &["table", "per_unit"])
}

/// Nodes that score predictions.
pub fn evaluations(shelf: &Shelf<'_>) -> Vec<NodeIndex> {
    by_ports(shelf, &["per_unit", "summary"])
}

fn by_ports(shelf: &Shelf<'_>, ports: &[&str]) -> Vec<NodeIndex> {
    let has = |node: NodeIndex| ports.iter().all(|port| shelf.node(node).kind.output(port).is_some());
    (0..shelf.study.plan.nodes.len()).filter(|&node| has(node)).collect()
}

/// The best variant that a comparison lists.
pub fn best_of(shelf: &Shelf<'_>, compare: NodeIndex) -> Option<Best> {
    let sample = Sample::gather(shelf, &[compare], Some("per_unit"), None, None)
        .or_else(|| Sample::gather(shelf, &[compare], Some("table"), None, None))?;
    let group = sample.best().unwrap_or(0);
    let evaluation = evaluation_behind(shelf, compare, &sample, group);
    let chosen = &sample.groups[group];
    Some(Best { name: sample.name(chosen), labels: chosen.labels.clone(), group, evaluation, node: compare, sample })
}

/// The best of some evaluations, as if they were compared.
pub fn best_among(shelf: &Shelf<'_>, nodes: &[NodeIndex]) -> Option<Best> {
    let sample = Sample::gather(shelf, nodes, Some("per_unit"), None, None)?;
    let group = sample.best().unwrap_or(0);
    let chosen = &sample.groups[group];
    let fits = |node: &&NodeIndex| {
        let id = &shelf.node(**node).id;
        let own = |(name, value): &(String, String)| match name.as_str() {
            "node" => id.name == *value,
            name => id.variant.iter().any(|(known, own)| known == name && own == value),
        };
        chosen.labels.iter().filter(|(_, value)| !value.is_empty()).all(own)
    };
    let node = nodes.iter().find(fits).or(nodes.first()).copied()?;
    let (name, labels) = (sample.name(chosen), chosen.labels.clone());
    Some(Best { name, labels, group, evaluation: Some(node), node, sample })
}

/// The evaluation whose edge into the comparison bears the group's label.
fn evaluation_behind(shelf: &Shelf<'_>, compare: NodeIndex, sample: &Sample, group: usize) -> Option<NodeIndex> {
    let labels = &sample.groups[group].labels;
    let edges = shelf.node(compare).edges.iter().filter(|edge| shelf.node(edge.from).kind.output("per_unit").is_some());
    let told = |(name, value): &(String, Json)| labels.iter().any(|(n, v)| n == name && *v == json_text(value));
    let matching = edges.clone().find(|edge| edge.label.len() == labels.len() && edge.label.iter().all(told));
    matching.or_else(|| edges.clone().next().filter(|_| edges.clone().count() == 1)).map(|edge| edge.from)
}

/// The answer, from the first comparison, else from the evaluations.
pub fn answer(shelf: &Shelf<'_>) -> Option<Answer> {
    let Some(best) = headline(shelf) else { return decoded(shelf) };
    let Summary { mean, sem, n } = best.sample.groups[best.group].summary?;
    let measure = &best.sample.measure;
    let scores = best.evaluation.and_then(|node| shelf.table(node, "per_unit"));
    let what = best.evaluation.and_then(|node| region(shelf, node)).unwrap_or_else(|| "the responses".to_owned());
    let variants = best.sample.groups.len();
    let before = if variants > 1 {
        format!("{} explains {what} best: mean {} ", named(&best), measure.label)
    } else {
        format!("The model explains {what} with a mean {} of ", measure.label)
    };
    let sem = sem.map(|sem| format!(" ± {} (SEM)", measure.value(sem))).unwrap_or_default();
    let after = format!("{sem} over {}{}.", counted(n, "unit"), scored_on(scores.as_deref(), &best));
    let mut sure = Vec::new();
    if let Some(grid) = shelf.table(best.node, "pairs") {
        sure.extend(runner_up(&best, &pairs(&grid, &measure.name)));
    }
    let flag = |name: &str| scores.as_ref().is_some_and(|grid| grid.fact_flag(name));
    if flag("selected") {
        sure.push(
            "The stimuli scored also chose among settings of the model, so the score is an optimistic one.".to_owned(),
        );
    }
    if variants > 1 {
        sure.push(format!("It was picked among {variants} variants by this very score."));
    }
    Some(Answer {
        before,
        score: measure.value(mean),
        after,
        sure,
        definition: measure.sentence(),
        node: best.evaluation.or(Some(best.node)),
    })
}

/// Of a study that decodes only: its best accuracy, beside chance.
fn decoded(shelf: &Shelf<'_>) -> Option<Answer> {
    let decoders = by_ports(shelf, &["summary", "confusion"]);
    let read = |node: NodeIndex| {
        let grid = shelf.table(node, "summary")?;
        let row = |name: &str| (0..grid.rows).find(|&row| grid.text("measure", row).as_deref() == Some(name));
        let accuracy = grid.number("value", row("accuracy")?)?;
        Some((node, accuracy, row("accuracy")?, row("chance").and_then(|row| grid.number("value", row)), grid))
    };
    let all: Vec<_> = decoders.into_iter().filter_map(read).collect();
    let variants = all.len();
    let (node, accuracy, row, chance, grid) = all.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let interval = grid.number("low", row).zip(grid.number("high", row));
    let interval = interval.map(|(low, high)| format!(" (95 % interval {} to {})", score(low), score(high)));
    let chance = chance.map(|chance| format!("; chance is {}", score(chance))).unwrap_or_default();
    let rows = grid.number("rows", row).map(|rows| format!(" over {}", counted(rows as usize, "stimulus")));
    let mut sure = Vec::new();
    if variants > 1 {
        sure.push(format!("It was picked among {variants} variants by this very score."));
    }
    Some(Answer {
        before: format!("{} tells classes apart with an accuracy of ", shelf.node(node).id),
        score: score(accuracy),
        after: format!("{}{}{chance}.", interval.unwrap_or_default(), rows.unwrap_or_default()),
        sure,
        definition: measure("accuracy", &grid.definitions).sentence(),
        node: Some(node),
    })
}

/// The best variant of the study's first comparison that has scores, else of its evaluations.
pub fn headline(shelf: &Shelf<'_>) -> Option<Best> {
    let mut compared = compares(shelf).into_iter().filter_map(|node| best_of(shelf, node));
    compared.next().or_else(|| {
        let nodes = evaluations(shelf);
        (!nodes.is_empty()).then(|| best_among(shelf, &nodes)).flatten()
    })
}

/// The variant as a sentence names it: the bare value of one variable, name and value of several.
pub fn spoken(best: &Best) -> String {
    let told = best.sample.told(&best.sample.groups[best.group]);
    match told.as_slice() {
        [] => best.name.clone(),
        [(variable, value)] if value.parse::<f64>().is_err() || variable.is_empty() => value.clone(),
        labels => worded(labels),
    }
}

/// The same at the head of a sentence: there it is told what kind of thing it is, unless only its recipe named it.
fn named(best: &Best) -> String {
    match best.sample.told(&best.sample.groups[best.group]).as_slice() {
        [(variable, _)] if matches!(variable.as_str(), "" | "label" | "node") => titled(&spoken(best)),
        [] => titled(&spoken(best)),
        labels => capital(&worded(labels)),
    }
}

/// The one region that all units lie in.
fn region(shelf: &Shelf<'_>, evaluation: NodeIndex) -> Option<String> {
    shelf.with_responses(evaluation, |responses| {
        let regions = responses.about.regions.as_ref()?;
        let first = regions.first()?;
        regions.iter().all(|region| region == first).then(|| first.clone())
    })?
}

fn scored_on(scores: Option<&Grid>, best: &Best) -> String {
    let fact = |name: &str| -> Option<&Json> {
        scores.and_then(|grid| grid.facts.get(name)).or_else(|| best.sample.facts.get(name))
    };
    let rows = fact("rows_scored").and_then(Json::as_u64).map(|n| format!("{} ", count(n as usize)));
    let rows = rows.unwrap_or_default();
    match fact("on").and_then(Json::as_str) {
        Some("train") => format!(" on {rows}training stimuli, the ones it was fitted on"),
        Some("val") => format!(" on {rows}validation stimuli"),
        Some("test") => format!(" on {rows}held-out test stimuli"),
        Some("folds") => format!(" on {rows}stimuli, each scored by the fit that did not see it"),
        _ if rows.is_empty() => String::new(),
        _ => format!(" on {rows}stimuli"),
    }
}

/// How far the best lies ahead of the next, and whether that is more than chance.
fn runner_up(best: &Best, pairs: &[Pair]) -> Option<String> {
    let mine = against(pairs, &key_of(&best.labels));
    let next = mine.into_iter().find(|pair| pair.difference >= 0.0)?;
    let (low, high) = next.interval?;
    let interval = format!("95 % interval {} to {}", score(low), score(high));
    let test = next.p.map(|p| format!(", Wilcoxon p {}", sign(p))).unwrap_or_default();
    // A bare number says little without the variable that it is a value of.
    let bare = next.spoken.parse::<f64>().is_ok() && !best.sample.variable.is_empty();
    let other = if bare { format!("{} {}", best.sample.variable, next.spoken) } else { next.spoken };
    let lead = score(next.difference);
    Some(if low > 0.0 {
        format!("It leads {other} by {lead} ({interval}{test}).")
    } else {
        format!("Its lead of {lead} over {other} is within chance ({interval}{test}).")
    })
}
