//! Which column of a table names its rows. Names must never become numbers in silence: an id among units would be
//! predicted and scored like one, and an id among features would leak.

use crate::text::nearest::nearest;

/// Headings that name what a row is of, without `_id`, `_name` and their like.
const THINGS: [&str; 26] = [
    "area",
    "cell",
    "channel",
    "coco",
    "electrode",
    "file",
    "image",
    "images",
    "img",
    "index",
    "neuroid",
    "neuron",
    "nsd",
    "object",
    "photo",
    "pic",
    "picture",
    "region",
    "roi",
    "scene",
    "site",
    "stim",
    "stimuli",
    "stimulus",
    "unit",
    "voxel",
];
/// Headings that say it alone.
const ALONE: [&str; 6] = ["id", "ids", "name", "names", "filename", "path"];
/// Endings that make names of anything.
const ENDINGS: [&str; 8] = ["_id", "_ids", "_name", "_names", "_filename", "_file", "_path", "_nr"];
/// Fewer rows than this say nothing about whether a column without a telling heading is one of names.
const ROWS_THAT_TELL: usize = 4;

/// A column as it looks.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What stands above it; `None` where the table has no headings.
    pub heading: Option<&'a str>,
    pub sort: Sort,
    pub rows: usize,
    /// How many cells hold a number that is not written as a whole one, or no number.
    pub fractions: usize,
    /// Of whole numbers: whether no two are equal.
    pub distinct: bool,
    /// Of whole numbers: whether they only count: 0, 1, 2 …
    pub counts: bool,
}

/// What a column's cells are; missing ones say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Whole numbers from 0 on; `plain`: without a fraction of 0.
    Whole {
        plain: bool,
    },
    Numbers,
    Words,
    /// Words and numbers.
    Mixed,
    Missing,
}

/// What becomes of each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The column that names the rows.
    pub rows: Option<usize>,
    /// The columns of numbers.
    pub numbers: Vec<usize>,
    pub notes: Vec<String>,
}

/// Whether a heading says that its column names the rows: `id`, `stimulus_id`, `Image`, `nsd_id`, `filename` …
pub fn is_heading(heading: &str) -> bool {
    let plain: String = heading.trim().to_lowercase().replace([' ', '-', '.'], "_");
    let alone = |word: &str| ALONE.contains(&word) || THINGS.contains(&word);
    let run_together =
        ["id", "name"].iter().any(|end| plain.strip_suffix(end).is_some_and(|thing| THINGS.contains(&thing)));
    alone(&plain) || run_together || ENDINGS.iter().any(|end| plain.len() > end.len() && plain.ends_with(end))
}

/// What to add to an error about a cell that is no number.
pub fn way_out(heading: &str) -> String {
    if heading.is_empty() || heading.contains(['`', ':']) {
        return String::new();
    }
    format!("; if the column names the rows, say `id_column: {heading}`")
}

/// Names of rows, every one of them there.
pub fn checked(names: Vec<String>, file: &str) -> Result<Vec<String>, String> {
    match names.iter().position(|name| name.is_empty()) {
        Some(at) => Err(format!("{file} has no name in row {} of {}", at + 1, names.len())),
        None => Ok(names),
    }
}

/// Chooses the column that names the rows: the one that `id_column` says, else the one that looks like it.
pub fn choose(columns: &[Look<'_>], id_column: Option<&str>, file: &str) -> Result<Choice, String> {
    // pandas and R write a first column without a heading, which counts the rows or names them.
    let unnamed = columns.first().is_some_and(|first| first.heading == Some(""));
    let all = || (0..columns.len()).collect::<Vec<_>>();
    let without = |left_out: &[usize]| all().into_iter().filter(|column| !left_out.contains(column)).collect();
    let counters: Vec<usize> = all().into_iter().filter(|&at| counts(columns, at)).collect();
    let chosen = match id_column {
        Some("none") => {
            let left_out: &[usize] = if unnamed && columns[0].counts { &[0] } else { &[] };
            Ok(Choice { rows: None, numbers: without(left_out), notes: vec![] })
        }
        Some(heading) => said(columns, heading, file),
        None => {
            let mut left_out = Vec::new();
            let able = all().into_iter().filter(|column| !counters.contains(column) && may_name(columns, *column));
            let mut able: Vec<usize> = able.collect();
            if unnamed && able.len() > 1 && matches!(columns[0].sort, Sort::Whole { .. }) {
                able.remove(0);
                left_out.push(0);
            } else if unnamed && columns[0].counts {
                return Ok(Choice { rows: None, numbers: without(&[0]), notes: vec![] });
            }
            match able[..] {
                [] => Ok(Choice { rows: None, numbers: all(), notes: fractions(columns, file) }),
                [column] => {
                    left_out.push(column);
                    Ok(Choice {
                        rows: Some(column),
                        numbers: without(&left_out),
                        notes: taken(columns, column, file).into_iter().collect(),
                    })
                }
                _ => {
                    let names: Vec<String> = able.iter().map(|&column| shown(columns, column)).collect();
                    let numbers = able.iter().all(|&column| matches!(columns[column].sort, Sort::Whole { .. }));
                    let none = if numbers { ", or `id_column: none`, which makes them numbers" } else { "" };
                    Err(format!(
                        "{file} has {} columns that may name its rows, {}; say which with `id_column` (the others are then left \
                         out){none}",
                        names.len(),
                        listed(&names)
                    ))
                }
            }
        }
    };
    chosen.map(|choice| leave_out(choice, &counters, columns, file))
}

/// Whether a column counts rows or repeats, whoever wrote it: what pandas makes of an index (`__index_level_0__`, `Unnamed: 0`) behind the
/// first column, and the repeats of a table of trials.
fn counts(columns: &[Look<'_>], at: usize) -> bool {
    let Some(heading) = columns[at].heading else { return false };
    let plain = heading.trim().to_lowercase();
    let index = at > 0 && heading.is_empty() || plain.starts_with("unnamed: ");
    let repeats = ["rep", "repeat", "repetition", "trial", "presentation"].contains(&plain.as_str());
    (index || repeats) && matches!(columns[at].sort, Sort::Whole { .. })
}

/// The choice without columns that only count.
fn leave_out(mut choice: Choice, counters: &[usize], columns: &[Look<'_>], file: &str) -> Choice {
    let out: Vec<usize> = counters.iter().copied().filter(|at| choice.numbers.contains(at)).collect();
    // Where nothing else is left, they are what was measured.
    if out.is_empty() || out.len() == choice.numbers.len() {
        return choice;
    }
    choice.numbers.retain(|at| !out.contains(at));
    let shown: Vec<String> = out.iter().map(|&at| shown(columns, at)).collect();
    choice.notes.push(format!(
        "`{file}`: {} {} left out, since it counts rows or repeats; under another heading it is a column of numbers",
        listed(&shown),
        if shown.len() == 1 { "is" } else { "are" }
    ));
    choice
}

/// Whether a column may be taken for names where nobody says which is.
fn may_name(columns: &[Look<'_>], at: usize) -> bool {
    let column = &columns[at];
    let by_heading =
        column.heading.is_some_and(is_heading) && matches!(column.sort, Sort::Whole { .. } | Sort::Words | Sort::Mixed);
    let first = at == 0 && (column.heading == Some("") || column.sort == Sort::Words);
    // Whole numbers, no two alike, beside columns that hold fractions: these are measured alike, and it is not.
    let alone = at == 0
        && column.sort == Sort::Whole { plain: true }
        && column.distinct
        && column.rows >= ROWS_THAT_TELL
        && columns.len() > 1
        && columns[1..].iter().all(|other| other.fractions * 2 > other.rows)
        && !columns[1..].iter().any(|other| other.heading.is_some_and(is_heading));
    by_heading || first || alone
}

/// The column that the recipe says; others that hold names or words are left out.
fn said(columns: &[Look<'_>], heading: &str, file: &str) -> Result<Choice, String> {
    let headings: Vec<&str> = columns.iter().filter_map(|column| column.heading).collect();
    if headings.is_empty() {
        return Err(format!("{file} has no line of headings, so that `id_column: {heading}` names nothing"));
    }
    let Some(rows) = headings.iter().position(|&one| one == heading) else {
        let names: Vec<String> = headings.iter().map(|name| format!("`{name}`")).collect();
        let near = nearest(heading, headings.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
        return Err(format!(
            "{file} has no column `{heading}` (`id_column`); it has {}{}",
            listed(&names),
            near.unwrap_or_default()
        ));
    };
    if matches!(columns[rows].sort, Sort::Numbers | Sort::Missing) {
        return Err(format!("the column `{heading}` of {file} holds no names; names are strings or whole numbers"));
    }
    let names_something = |at: usize, column: &Look<'_>| {
        let unnamed = at == 0 && column.heading == Some("") && matches!(column.sort, Sort::Whole { .. });
        let named = column.heading.is_some_and(is_heading) && column.sort != Sort::Numbers;
        unnamed || named || column.sort == Sort::Words
    };
    let (mut numbers, mut left_out) = (Vec::new(), Vec::new());
    for (at, column) in columns.iter().enumerate().filter(|&(at, _)| at != rows) {
        if names_something(at, column) { left_out.push(at) } else { numbers.push(at) }
    }
    let shown: Vec<String> =
        left_out.iter().filter(|&&at| columns[at].heading != Some("")).map(|&at| shown(columns, at)).collect();
    let notes = match shown.len() {
        0 => vec![],
        1 => vec![format!("`{file}`: {} is left out: it names something, or is no column of numbers", shown[0])],
        _ => vec![format!(
            "`{file}`: {} are left out: they name something, or are no columns of numbers",
            listed(&shown)
        )],
    };
    Ok(Choice { rows: Some(rows), numbers, notes })
}

/// What to say of a column that could have been numbers.
fn taken(columns: &[Look<'_>], at: usize, file: &str) -> Option<String> {
    let column = &columns[at];
    if !matches!(column.sort, Sort::Whole { .. }) {
        return None;
    }
    let which = match (at, column.heading) {
        (0, None) => "the first column".to_owned(),
        (0, Some("")) => "the first column, which has no heading,".to_owned(),
        (0, Some(heading)) => format!("the first column, `{heading}`,"),
        _ => format!("the column {}", shown(columns, at)),
    };
    Some(format!("`{file}`: {which} is taken for the names of its rows; `id_column: none` makes it numbers"))
}

/// What to say of columns that are called like names and hold fractions.
fn fractions(columns: &[Look<'_>], file: &str) -> Vec<String> {
    let called = |at: &usize| columns[*at].heading.is_some_and(is_heading) && columns[*at].sort == Sort::Numbers;
    (0..columns.len())
        .filter(called)
        .map(|at| format!("`{file}`: the column {} holds fractions, and is taken for numbers", shown(columns, at)))
        .collect()
}

fn shown(columns: &[Look<'_>], at: usize) -> String {
    match columns[at].heading {
        None => format!("column {}", at + 1),
        Some("") => format!("column {}, which has no heading", at + 1),
        Some(heading) => format!("`{heading}`"),
    }
}

/// Names in a sentence.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_names_are_told_from_those_of_numbers() {
        let names = [
            "id",
            "ID",
            "stimulus_id",
            "Image",
            "image id",
            "imageID",
            "nsdId",
            "nsd_id",
            "file name",
            "filename",
            "Img-Nr",
        ];
        for heading in names {
            assert!(is_heading(heading), "{heading}");
        }
        for heading in ["V1", "a", "rate", "valid", "fluid", "grid", "", "_id", "unit_001", "1"] {
            assert!(!is_heading(heading), "{heading}");
        }
    }

    #[test]
    fn columns_that_count_are_no_data() {
        let look = |heading: &'static str, sort| Look {
            heading: Some(heading),
            sort,
            rows: 6,
            fractions: if sort == Sort::Numbers { 6 } else { 0 },
            distinct: true,
            counts: false,
        };
        let whole = Sort::Whole { plain: true };
        let columns = [look("image", Sort::Words), look("rep", whole), look("a", Sort::Numbers), look("", whole)];
        let choice = choose(&columns, None, "t.parquet").unwrap();
        assert_eq!((choice.rows, choice.numbers), (Some(0), vec![2]));
        assert!(
            choice.notes[0].contains("`rep` and column 4, which has no heading are left out"),
            "{:?}",
            choice.notes
        );
        let columns = [look("Unnamed: 0", whole), look("a", Sort::Numbers)];
        assert_eq!(choose(&columns, None, "t.csv").unwrap().numbers, [1]);
        assert_eq!(choose(&columns, Some("none"), "t.csv").unwrap().numbers, [1]);
    }
}
