//! What the study found, in a sentence out of its data.

use serde::Serialize;
use serde_json::Value as Json;

use crate::kind::fact;
use crate::kind::measure::{Part, first};
use crate::kind::{Role, column};
use crate::plan::draws::draws;
use crate::plan::{NodeId, NodeIndex};
use crate::report::draw::density::{Summary, summary};
use crate::report::draw::number::{count, counted, score};
use crate::report::read::best::{Best, headline};
use crate::report::read::grid::Grid;
use crate::report::read::measure::capital;
use crate::report::read::pairs::{Pair, against, key_of, pairs, sign, titled, worded};
use crate::report::read::results::Results;
use crate::report::read::sample::BY_NODE;

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

/// The answer, from the first comparison, else from the evaluations.
pub fn answer(results: &Results<'_>) -> Option<Answer> {
    let Some(best) = headline(results) else { return decoded(results) };
    let Summary { mean, sem, n } = best.sample.groups[best.group].summary?;
    let measure = &best.sample.measure;
    let scores = best.evaluation.and_then(|node| results.of_role(node, Role::Scores));
    let what = best.evaluation.and_then(|node| region(results, node)).unwrap_or_else(|| "the responses".to_owned());
    let variants = best.sample.groups.len();
    let before = if variants > 1 {
        format!("{} explains {what} best: mean {} ", named(&best), measure.label)
    } else {
        format!("The model explains {what} with a mean {} of ", measure.label)
    };
    let sem = sem.map(|sem| format!(" ± {} (SEM)", measure.value(sem))).unwrap_or_default();
    let over = over_draws(&best);
    // Draws of one split stand in the scores themselves.
    let drawn = scores.as_ref().and_then(|grid| grid.fact_number(fact::DRAWS)).map(|count| (count as usize, "splits"));
    let over = over.or(drawn.filter(|(count, _)| *count > 1 && best.draws.is_empty()));
    let mean_over = over.as_ref().map(|(count, what)| format!(", mean over {count} {what}")).unwrap_or_default();
    let after = format!("{sem} over {}{}{mean_over}.", counted(n, "unit"), scored_on(scores.as_deref(), &best));
    let mut sure = Vec::new();
    if let Some((_, what)) = over.filter(|_| !best.draws.is_empty()) {
        sure.extend(differ(&best, what));
    }
    if let Some(grid) = results.of_role(best.node, Role::Pairs) {
        sure.extend(runner_up(&best, &grid, &pairs(&grid, &measure.name)));
    }
    let flag = |name: &str| scores.as_ref().is_some_and(|grid| grid.fact_flag(name));
    if flag(fact::SELECTED) {
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
        // A mean over draws was made by none of them.
        node: best.evaluation.filter(|_| best.draws.is_empty()).or(Some(best.node)),
    })
}

/// Over how many draws the scores of the best are means, and what was drawn.
fn over_draws(best: &Best) -> Option<(usize, &'static str)> {
    let count = best.sample.groups[best.group].draws.len();
    let what = if best.draws.iter().all(|draw| draw.of_splits) { "splits" } else { "draws" };
    (!best.draws.is_empty() && count > 1).then_some((count, what))
}

/// How much the draws of the best differ.
fn differ(best: &Best, what: &str) -> Option<String> {
    let of_draws = &best.sample.groups[best.group].draws;
    let Summary { mean, sem, .. } = summary(of_draws)?;
    let value = |x: f64| best.sample.measure.value(x);
    let (least, most) = of_draws.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let means = format!("Over {what}, the mean over units is {} ± {} (SEM)", value(mean), value(sem?));
    Some(format!("{means}, from {} to {}.", value(least), value(most)))
}

/// Of a study that decodes only: its best accuracy, beside chance.
fn decoded(results: &Results<'_>) -> Option<Answer> {
    let decoders = results.giving(&[Role::Accuracy, Role::Confusion]);
    let read = |node: NodeIndex| {
        let grid = results.of_role(node, Role::Accuracy)?;
        let declared = results.node(node).kind.measures;
        let row = |name: &str| (0..grid.rows).find(|&row| grid.text(column::MEASURE, row).as_deref() == Some(name));
        let by = first(declared)?.name;
        let accuracy = grid.number(column::VALUE, row(by)?)?;
        let chance = declared.iter().find(|measure| measure.part == Part::Chance).and_then(|chance| row(chance.name));
        Some((node, accuracy, row(by)?, chance.and_then(|row| grid.number(column::VALUE, row)), grid))
    };
    let all: Vec<_> = decoders.into_iter().filter_map(read).collect();
    let drawn = draws(&results.study.plan.nodes);
    let shared = |node: NodeIndex| {
        let id = &results.node(node).id;
        let is_draw = |name: &String| drawn.iter().any(|draw| draw.variable == *name);
        NodeId { variant: id.variant.iter().filter(|(name, _)| !is_draw(name)).cloned().collect(), ..id.clone() }
    };
    // By variant, its accuracy in each draw; where there are none, in the one that there is.
    let mut variants: Vec<(NodeId, usize, Vec<f64>)> = Vec::new();
    for (at, (node, accuracy, ..)) in all.iter().enumerate() {
        let id = shared(*node);
        match variants.iter_mut().find(|(known, ..)| *known == id) {
            Some((_, _, of_draws)) => of_draws.push(*accuracy),
            None => variants.push((id, at, vec![*accuracy])),
        }
    }
    let count = variants.len();
    let means = variants.into_iter().filter_map(|(id, at, of_draws)| Some((id, at, summary(&of_draws)?)));
    let (id, at, over) = means.max_by(|a, b| a.2.mean.total_cmp(&b.2.mean).then(b.1.cmp(&a.1)))?;
    let (node, _, row, chance, ref grid) = all[at];
    let interval = grid.number(column::LOW, row).zip(grid.number(column::HIGH, row));
    let interval = match over {
        Summary { n: 1, .. } => {
            interval.map(|(low, high)| format!(" (95 % interval {} to {})", score(low), score(high)))
        }
        Summary { n, sem, .. } => sem.map(|sem| format!(" ± {} (SEM over {n} draws)", score(sem))),
    };
    let chance = chance.map(|chance| format!("; chance is {}", score(chance))).unwrap_or_default();
    let rows = grid.number(column::ROWS, row).map(|rows| format!(" over {}", counted(rows as usize, "stimulus")));
    let mut sure = Vec::new();
    if count > 1 {
        sure.push(format!("It was picked among {count} variants by this very score."));
    }
    Some(Answer {
        before: format!("{id} tells classes apart with an accuracy of "),
        score: score(over.mean),
        after: format!("{}{}{chance}.", interval.unwrap_or_default(), rows.unwrap_or_default()),
        sure,
        definition: first(results.node(node).kind.measures)
            .map_or_else(String::new, |by| grid.measure(by.name).sentence()),
        node: Some(node),
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
        [(variable, _)] if matches!(variable.as_str(), "" | column::LABEL | BY_NODE) => titled(&spoken(best)),
        [] => titled(&spoken(best)),
        labels => capital(&worded(labels)),
    }
}

/// The one region that all units lie in.
fn region(results: &Results<'_>, evaluation: NodeIndex) -> Option<String> {
    results.with_responses(evaluation, |responses| {
        let regions = responses.about.regions.as_ref()?;
        let first = regions.first()?;
        regions.iter().all(|region| region == first).then(|| first.clone())
    })?
}

fn scored_on(scores: Option<&Grid>, best: &Best) -> String {
    let fact = |name: &str| -> Option<&Json> {
        scores.and_then(|grid| grid.facts.get(name)).or_else(|| best.sample.facts.get(name))
    };
    let rows = fact(fact::ROWS_SCORED).and_then(Json::as_u64).map(|n| format!("{} ", count(n as usize)));
    let rows = rows.unwrap_or_default();
    match fact(fact::SCORED_ON).and_then(Json::as_str) {
        Some("train") => format!(" on {rows}training stimuli, the ones it was fitted on"),
        Some("val") => format!(" on {rows}validation stimuli"),
        Some("test") => format!(" on {rows}held-out test stimuli"),
        Some("folds") => format!(" on {rows}stimuli, each scored by the fit that did not see it"),
        _ if rows.is_empty() => String::new(),
        _ => format!(" on {rows}stimuli"),
    }
}

/// How far the best lies ahead of the next, and whether that is more than chance.
fn runner_up(best: &Best, grid: &Grid, pairs: &[Pair]) -> Option<String> {
    let mine = against(pairs, &key_of(&best.labels));
    let next = mine.into_iter().find(|pair| pair.difference >= 0.0)?;
    let (low, high) = next.interval?;
    let kind = grid.fact_text(fact::INTERVAL).unwrap_or("95 % interval").trim_start_matches("bootstrap ");
    let interval = format!("{kind} {} to {}", score(low), score(high));
    let corrected = grid.fact_text(fact::CORRECTION).map(|how| format!(", {how}")).unwrap_or_default();
    let test = next.shown().map(|p| format!(", p {}{corrected}", sign(p))).unwrap_or_default();
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
