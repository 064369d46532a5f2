//! A value at a glance: how much it holds, and its first rows.

use ndarray::ArrayView2;

use crate::cli::terminal;
use crate::diagnostic::listed;
use crate::value::Value;
use crate::value::labels::Labels;
use crate::value::rdm::Rdm;
use crate::value::responses::Responses;
use crate::value::split::{Assignment, Part, Split};
use crate::value::stimuli::Stimuli;

/// Rows and columns of a head.
const ROWS: usize = 8;
const COLUMNS: usize = 6;
/// Groups that are named with their counts; of more, their number is told.
const GROUPS: usize = 12;

/// What a person wants to see first of a split, responses, labels or dissimilarities; nothing of other values.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Split(split) => Some(of_split(split)),
        Value::Responses(responses) => Some(of_responses(responses)),
        Value::Labels(labels) => Some(of_labels(labels)),
        Value::Rdm(rdm) => Some(of_rdm(rdm)),
        _ => None,
    }
}

/// The first rows and columns of numbers, by names.
pub fn head(rows: Option<&Stimuli>, columns: Option<&[String]>, numbers: ArrayView2<'_, f32>) -> String {
    let shown = COLUMNS.min(numbers.ncols());
    let names: Vec<String> = match columns {
        Some(names) => names[..shown].to_vec(),
        None => (0..shown).map(|column| column.to_string()).collect(),
    };
    let header: Vec<&str> = std::iter::once("row").chain(names.iter().map(String::as_str)).collect();
    let lines = (0..ROWS.min(numbers.nrows())).map(|row| {
        let name = rows.map_or_else(|| row.to_string(), |stimuli| stimuli.get(row).name.to_string());
        std::iter::once(name).chain((0..shown).map(|column| format!("{:.4}", numbers[[row, column]]))).collect()
    });
    terminal::table(&header, &header[1..], lines.collect())
}

fn of_split(split: &Split) -> String {
    let stimuli = split.stimuli.len();
    let count = |parts: &[Part], part: Part| parts.iter().filter(|one| **one == part).count();
    let parts = |parts: &[Part]| {
        let all = [Part::Train, Part::Val, Part::Test].map(|part| format!("{} {}", count(parts, part), part.name()));
        all.join(", ")
    };
    let (said, word, of): (String, &str, Box<dyn Fn(usize) -> String + '_>) = match &split.assignment {
        Assignment::Parts(each) => (parts(each), "part", Box::new(|row| each[row].name().to_owned())),
        Assignment::Folds { count: folds, fold } => {
            let sizes = (0..*folds).map(|at| fold.iter().filter(|one| **one == at).count());
            let (least, most) = (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0));
            let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
            (format!("{folds} folds of {each}"), "fold", Box::new(|row| fold[row].to_string()))
        }
        Assignment::Draws(draws) => {
            let first = draws.first().map(|first| parts(first)).unwrap_or_default();
            let of = |row: usize| draws.first().map_or_else(String::new, |parts| parts[row].name().to_owned());
            (format!("{} draws, the first of {first}", draws.len()), "part in draw 0", Box::new(of))
        }
    };
    let lines = (0..ROWS.min(stimuli)).map(|row| vec![split.stimuli.get(row).name.to_string(), of(row)]);
    format!("Split of {stimuli} stimuli: {said}\n{}", terminal::table(&["stimulus", word], &[], lines.collect()))
}

fn of_responses(responses: &Responses) -> String {
    let about = &responses.about;
    let mut text = format!("Responses of {} units to {} stimuli", responses.units().len(), responses.stimuli().len());
    if let Some(repeats) = &responses.repeats {
        text.push_str(&format!(", up to {} repeats", repeats.dim().2));
    }
    let missing = responses.mean.iter().filter(|value| !value.is_finite()).count();
    if missing > 0 {
        text.push_str(&format!(", {missing} missing"));
    }
    for (word, groups) in [("regions", &about.regions), ("subjects", &about.subjects)] {
        if let Some(groups) = groups {
            text.push_str(&format!("\n{word}: {}", counted(groups)));
        }
    }
    format!("{text}\n{}", head(Some(responses.stimuli()), Some(responses.units()), responses.mean.view()))
}

fn of_labels(labels: &Labels) -> String {
    let mut text = format!("Labels of {} stimuli\nobjects: {}", labels.stimuli.len(), counted(&labels.object));
    if let Some(category) = &labels.category {
        text.push_str(&format!("\ncategories: {}", counted(category)));
    }
    let category = |row: usize| labels.category.iter().map(move |all| all[row].clone());
    let lines = (0..ROWS.min(labels.stimuli.len())).map(|row| {
        [labels.stimuli.get(row).name.to_string(), labels.object[row].clone()]
            .into_iter()
            .chain(category(row))
            .collect()
    });
    let heads = &["stimulus", "object", "category"][..2 + usize::from(labels.category.is_some())];
    format!("{text}\n{}", terminal::table(heads, &[], lines.collect()))
}

fn of_rdm(rdm: &Rdm) -> String {
    let about = &rdm.about;
    let names: Vec<String> = about.of.iter().map(|of| of.words().unwrap_or_else(|| "all".to_owned())).collect();
    let n = about.stimuli.len();
    let square = rdm.square(0);
    let columns: Vec<String> = about.stimuli.iter().map(|stimulus| stimulus.name.to_string()).collect();
    let first = if names.len() > 1 { format!("\nthe first, {}:", names[0]) } else { String::new() };
    format!(
        "Dissimilarities ({}) of {n} stimuli, {}: {}{first}\n{}",
        about.dissimilarity,
        if names.len() == 1 { "a matrix".to_owned() } else { format!("{} matrices", names.len()) },
        listed(names.iter().map(String::as_str)),
        head(Some(&about.stimuli), Some(&columns), square.view())
    )
}

/// Groups with how many there are of each, in the order in which they stand.
fn counted(all: &[String]) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for name in all {
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => groups.push((name, 1)),
        }
    }
    let named: Vec<String> = groups.iter().take(GROUPS).map(|(name, count)| format!("{name} ({count})")).collect();
    match groups.len() > GROUPS {
        true => format!("{}: {}, …", groups.len(), named.join(", ")),
        false => named.join(", "),
    }
}
