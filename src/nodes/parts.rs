//! Whether a split has the rows that a parameter asks for, and whether rows belong to stimuli, as far as that is known before a run.

use crate::kind::ahead::{Ahead, Misfit, Parts};

/// The port at which splits arrive.
const SPLIT: &str = "split";

/// Rows that a parameter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Train,
    Val,
    Test,
    Folds,
}

impl Asked {
    /// As a recipe writes it.
    fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
            Self::Folds => "folds",
        }
    }

    /// In a sentence.
    fn rows(self) -> &'static str {
        match self {
            Self::Train => "train rows",
            Self::Val => "val rows",
            Self::Test => "test rows",
            Self::Folds => "folds",
        }
    }
}

/// Which splits a kind takes beside hold-outs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    HoldOuts,
    /// And folds.
    Folds,
    /// And draws of a hold-out.
    All,
}

impl Takes {
    fn has(self, parts: Parts, asked: Asked) -> bool {
        match (parts, asked) {
            (Parts::HeldOut { .. }, Asked::Train) => true,
            (Parts::HeldOut { val, .. }, Asked::Val) => val,
            (Parts::HeldOut { test, .. }, Asked::Test) => test,
            (Parts::HeldOut { .. }, Asked::Folds) => false,
            (Parts::Folds(_), asked) => asked == Asked::Folds && self != Self::HoldOuts,
            (Parts::Draws(_), Asked::Train | Asked::Test) => self == Self::All,
            (Parts::Draws(_), Asked::Val | Asked::Folds) => false,
        }
    }
}

/// Refuses `param: asked` where the split that arrives has no such rows.
pub fn refuse_absent(param: &str, asked: Asked, takes: Takes, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    let Some((from, parts)) = lacking(asked, takes, ahead) else { return Ok(()) };
    let fitting = [Asked::Val, Asked::Test, Asked::Folds].into_iter().filter(|&other| takes.has(parts, other));
    let ways: Vec<String> = fitting.map(|other| format!("`{param}: {}`", other.word())).collect();
    let misfit = match parts {
        Parts::Draws(_) if matches!(asked, Asked::Train | Asked::Test) => {
            let word = asked.word();
            Misfit::param(param, format!("`{param}: {word}` takes the rows of one hold-out, and `{from}` has {parts}"))
        }
        _ => absent(param, asked, &from, parts),
    };
    let misfit = match (ways.is_empty(), parts) {
        (false, _) => misfit.help(format!("write {}", ways.join(" or "))),
        (true, Parts::HeldOut { .. }) => misfit,
        (true, _) => misfit.help("connect a hold-out, as in `split: { kind: split, …, with: { test: 0.2 } }`"),
    };
    Err(mended(misfit, asked, parts))
}

/// Refuses `param: val` where the split that arrives has no val rows; `instead` needs none.
pub fn refuse_absent_val(param: &str, instead: &str, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    let Some((from, parts)) = lacking(Asked::Val, Takes::HoldOuts, ahead) else { return Ok(()) };
    let misfit = absent(param, Asked::Val, &from, parts).help(format!("write `{instead}`"));
    Err(mended(misfit, Asked::Val, parts))
}

fn absent(param: &str, asked: Asked, from: &str, parts: Parts) -> Misfit {
    Misfit::param(param, format!("`{param}: {}` asks for {}, and `{from}` has {parts}", asked.word(), asked.rows()))
}

/// Says what would give a split such rows, and points at it.
fn mended(misfit: Misfit, asked: Asked, parts: Parts) -> Misfit {
    let misfit = match (parts, asked) {
        (Parts::HeldOut { .. }, Asked::Val | Asked::Test) => {
            misfit.help(format!("or give the split a fraction, as in `{}: 0.1`", asked.word()))
        }
        (Parts::HeldOut { .. }, Asked::Folds) => misfit.help("or let the split take turns, as in `folds: 5`"),
        _ => misfit,
    };
    misfit.because(SPLIT, format!("this split has {parts}"))
}

/// Refuses `param: asked` where the responses that arrive are of other parts, by the same node that gives the split.
pub fn refuse_unrecorded(param: &str, asked: Asked, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    let (Some(split), Some(responses)) = (ahead.at(SPLIT), ahead.at("responses")) else { return Ok(()) };
    let node = |from: &str| from.split(['.', '[']).next().map(str::to_owned);
    let (Some(parts), true) = (responses.known.parts, node(&split.from) == node(&responses.from)) else {
        return Ok(());
    };
    let lacks = match (parts, asked) {
        (Parts::HeldOut { val, .. }, Asked::Val) => !val,
        (Parts::HeldOut { test, .. }, Asked::Test) => !test,
        _ => false,
    };
    if !lacks {
        return Ok(());
    }
    let (word, rows) = (asked.word(), asked.rows());
    let other = if asked == Asked::Val { "test" } else { "val" };
    let message = format!("`{param}: {word}` asks for {rows}, and `{}` has no responses to these", responses.from);
    Err(Misfit::param(param, message).help(format!(
        "write `{param}: {other}`, or connect the responses to {rows} to `responses`, where `{}` has them at a port of their own",
        node(&responses.from).unwrap_or_default()
    )))
}

/// Refuses a split without val rows where a kind cannot do without them, whatever its parameters.
pub fn refuse_without_val(what: &str, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    let Some((from, parts)) = lacking(Asked::Val, Takes::HoldOuts, ahead) else { return Ok(()) };
    Err(Misfit::port(SPLIT, format!("{what}, and `{from}` has {parts}"))
        .help("give the split a fraction `val`, as in `with: { test: 0.2, val: 0.1 }`")
        .because(SPLIT, format!("this split has {parts}")))
}

/// Refuses a part of a split where none is connected; `otherwise` says what a recipe may write instead.
pub fn refuse_unconnected(param: &str, asked: Asked, otherwise: &str, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    if ahead.has(SPLIT) {
        return Ok(());
    }
    let message = format!("`{param}: {}` is a part of a split, and nothing is connected to `split`", asked.word());
    Err(Misfit::param(param, message).help(format!("connect one under `in:`, or {otherwise}")))
}

/// Refuses rows that belong to no stimuli where they are joined by these.
pub fn refuse_nameless(port: &'static str, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    let Some(arriving) = ahead.arriving.iter().find(|one| one.port == port && one.known.nameless) else {
        return Ok(());
    };
    let message = format!("the rows of `{}` belong to no stimuli, and rows join by stimulus", arriving.from);
    Err(Misfit::port(port, message)
        .help("say whose rows they are where they are loaded: `in: { rows: … }` for rows in the order of others, or `with: { ids: … }`")
        .because(port, "its file names no stimuli"))
}

/// Refuses more components than the rows and columns that arrive at `features` can have.
pub fn refuse_components(most: usize, place: &str, ahead: &Ahead<'_>) -> Result<(), Misfit> {
    let Some(arriving) = ahead.at("features") else { return Ok(()) };
    let (rows, columns) = (arriving.known.rows, arriving.known.columns);
    let bounds = [rows.map(|rows| rows.saturating_sub(1)), columns];
    let Some(bound) = bounds.into_iter().flatten().min().filter(|&bound| bound < most) else { return Ok(()) };
    let count = |count: Option<usize>, what: &str| count.map(|count| format!("{count} {what}"));
    let has: Vec<String> = [count(rows, "rows"), count(columns, "columns")].into_iter().flatten().collect();
    let message = format!(
        "{most} components are more than `{}` can have: of {} there are {bound} at most, and fewer of its train rows",
        arriving.from,
        has.join(" × "),
    );
    Err(Misfit::param(place, message).because("features", has.join(" × ")))
}

fn lacking(asked: Asked, takes: Takes, ahead: &Ahead<'_>) -> Option<(String, Parts)> {
    let arriving = ahead.at(SPLIT)?;
    let parts = arriving.known.parts?;
    (!takes.has(parts, asked)).then(|| (arriving.from.clone(), parts))
}
