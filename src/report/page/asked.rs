//! The sentence that answers a recipe's own question.

use crate::plan::{Ask, Question};
use crate::report::draw::number::{counted, score};
use crate::report::page::answer::Answer;
use crate::report::read::asked::{Effect, Finding, Found, asked};
use crate::report::read::derived::derived;
use crate::report::read::measure::{Measure, capital};
use crate::report::read::pairs::sign;
use crate::report::read::results::Results;

/// The corrected p below which a difference is told as one.
const ALPHA: f64 = 0.05;
/// More parts than these are counted, not listed.
const LISTED: usize = 12;

/// Answers the recipe's question, else the one that its sweep plainly asks; nothing where it has none, or no scores to answer it by.
pub fn answered(results: &Results<'_>) -> Option<Answer> {
    let Some(question) = &results.study.plan.question else {
        let question = derived(results)?;
        let found = asked(results, &question)?.ok()?;
        return Some(worded(&question, &found));
    };
    Some(match asked(results, question)? {
        Ok(found) => worded(question, &found),
        Err(reason) => Answer {
            before: format!("The question cannot be answered: {reason}."),
            node: question.of.first().copied(),
            ..Answer::default()
        },
    })
}

fn worded(question: &Question, found: &Found) -> Answer {
    let measure = &found.sample.measure;
    let (before, number, after, sure) = match (&question.ask, &found.finding) {
        (Ask::Contrast { of, plus, minus, by }, Finding::Contrast { over_all, variants, parts }) => {
            let before = compared(&spoken(of, plus), &spoken(of, minus), over_all);
            let over = if *variants > 1 { format!(", mean over {variants} variants") } else { String::new() };
            let sure = by.as_deref().map(|by| parted(by, parts)).into_iter().collect();
            (before, signed(over_all), format!("{}{over}.", tail(found, measure, over_all, false)), sure)
        }
        (Ask::Best(of), Finding::Best { value, mean, units, others }) => {
            let before = format!("{} scores highest: mean {} ", capital(&spoken(of, value)), measure.label);
            let after = format!(" over {}{}.", counted(*units, "unit"), on(found));
            (before, measure.value(*mean), after, others.first().map(|next| led(of, next)).into_iter().collect())
        }
        (Ask::Trend(over), Finding::Trend { step, means }) => {
            let before = match direction(step.mean, step.p) {
                Some(true) => format!("{} rises along {}: by ", capital(&measure.label), words(over)),
                Some(false) => format!("{} falls along {}: by ", capital(&measure.label), words(over)),
                None => format!("{} has no trend along {} beyond chance: ", capital(&measure.label), words(over)),
            };
            let after = format!(" from one value to the next{}.", tail(found, measure, step, true));
            (before, signed(step), after, vec![peak(means)])
        }
        (Ask::Against(_), Finding::Against { baseline, best, mean, effects }) => {
            let Some(first) = effects.first() else { return Answer::default() };
            let name = if best.is_empty() { "the model".to_owned() } else { best.clone() };
            let before = compared(&name, &baseline.0, first);
            let mut sure = vec![format!(
                "{} has {}, {} {}.",
                capital(&name),
                measure.value(*mean),
                baseline.0,
                measure.value(baseline.1)
            )];
            if effects.len() > 1 {
                sure.push(above(&baseline.0, effects));
            }
            (before, signed(first), format!("{}.", tail(found, measure, first, false)), sure)
        }
        // What is asked is what was found.
        _ => return Answer::default(),
    };
    Answer { before, score: number, after, sure, definition: measure.sentence(), node: Some(found.node) }
}

/// Which of two scores higher, up to the number.
fn compared(a: &str, b: &str, effect: &Effect) -> String {
    let a = capital(a);
    match direction(effect.mean, effect.adjusted.or(effect.p)) {
        Some(true) => format!("{a} scores higher than {b}, by "),
        Some(false) => format!("{a} scores lower than {b}, by "),
        None => format!("{a} and {b} do not differ beyond chance: a difference of "),
    }
}

/// Whether it is up or down; nothing where it may be chance, or there is no test.
fn direction(mean: f64, p: Option<f64>) -> Option<bool> {
    p.is_some_and(|p| p < ALPHA).then_some(mean > 0.0)
}

/// A difference as a number: with its sign where no word says which way it goes.
fn signed(effect: &Effect) -> String {
    match direction(effect.mean, effect.adjusted.or(effect.p)) {
        Some(_) => score(effect.mean.abs()),
        None => score(effect.mean),
    }
}

/// What the number is, how sure, and over what.
fn tail(found: &Found, measure: &Measure, effect: &Effect, named: bool) -> String {
    let label = if named { String::new() } else { format!(" {}", measure.label) };
    format!("{label}{} over {}{}", bracket(effect), counted(effect.units, "unit"), on(found))
}

/// The interval and p, in brackets; the interval's ends turned round with the number.
fn bracket(effect: &Effect) -> String {
    let p = effect.adjusted.or(effect.p);
    let turned = direction(effect.mean, p) == Some(false);
    let interval = effect.interval.map(|(low, high)| if turned { (-high, -low) } else { (low, high) });
    let interval = interval.map(|(low, high)| format!("95 % interval {} to {}", score(low), score(high)));
    let corrected = if effect.adjusted.is_some() { " corrected by Holm" } else { "" };
    let test = p.map(|p| format!("p {}{corrected}", sign(p)));
    let parts: Vec<String> = interval.into_iter().chain(test).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn on(found: &Found) -> &'static str {
    match found.on.as_deref() {
        Some("train") => " on training stimuli, the ones it was fitted on",
        Some("val") => " on validation stimuli",
        Some("test") => " on held-out test stimuli",
        Some("folds") => " on stimuli that each fit did not see",
        _ => "",
    }
}

/// By another variable: layer a +.02, layer b +.01.
fn parted(by: &str, parts: &[Effect]) -> String {
    let beyond = parts.iter().filter(|part| direction(part.mean, part.adjusted).is_some()).count();
    let one = |part: &Effect| {
        let p = part.adjusted.map(|p| format!(", p {}", sign(p))).unwrap_or_default();
        let interval =
            part.interval.map(|(low, high)| format!("{} to {}", score(low), score(high))).unwrap_or_default();
        format!("{} {} ({interval}{p})", part.name, plain(part.mean))
    };
    let listed: Vec<String> = parts.iter().take(LISTED).map(one).collect();
    let rest = if parts.len() > LISTED { format!(" and {} more", parts.len() - LISTED) } else { String::new() };
    format!(
        "By {}, beyond chance for {beyond} of {}: {}{rest}; p corrected by Holm over {}.",
        words(by),
        parts.len(),
        listed.join("; "),
        parts.len()
    )
}

/// A difference with its sign.
fn plain(x: f64) -> String {
    if x > 0.0 { format!("+{}", score(x)) } else { score(x) }
}

fn led(of: &str, next: &Effect) -> String {
    let other = spoken(of, &next.name);
    match direction(next.mean, next.adjusted) {
        Some(_) => format!("It leads {other} by {}{}.", score(next.mean), bracket(next)),
        None => format!("Its lead of {} over {other} is within chance{}.", score(next.mean), bracket(next)),
    }
}

fn peak(means: &[(String, f64)]) -> String {
    let listed: Vec<String> =
        means.iter().take(LISTED).map(|(value, mean)| format!("{value} {}", score(*mean))).collect();
    format!("Means: {}.", listed.join(", "))
}

fn above(baseline: &str, effects: &[Effect]) -> String {
    let count = |up: bool| effects.iter().filter(|one| direction(one.mean, one.adjusted) == Some(up)).count();
    let (higher, lower) = (count(true), count(false));
    format!(
        "Of {} variants, {higher} score higher than {baseline} and {lower} lower, p corrected by Holm; the best was picked by this very \
         score.",
        effects.len()
    )
}

/// A value as a sentence names it: alone where it is a word, with its variable where it is a number.
fn spoken(variable: &str, value: &str) -> String {
    if value.parse::<f64>().is_ok() { format!("{} {value}", words(variable)) } else { value.to_owned() }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}
