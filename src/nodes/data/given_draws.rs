//! Several draws of a hold-out, as a file lists them.

use std::collections::BTreeMap;

use crate::formats::csv::Words;
use crate::kind::{KindError, Run};
use crate::nodes::data::named::Naming;
use crate::value::split::{Assignment, Part};
use crate::value::stimuli::Stimuli;

/// Reads the columns id, draw and perhaps part. Without parts, the rows of a draw are those that it tests, and the others train.
pub fn given_draws(
    words: &Words,
    (id, draw, part): (usize, usize, Option<usize>),
    stimuli: &Stimuli,
    file: &str,
    run: &mut Run<'_>,
) -> Result<Assignment, KindError> {
    let mut by_draw: BTreeMap<usize, Vec<&Vec<String>>> = BTreeMap::new();
    for record in &words.rows {
        let number = record[draw]
            .parse()
            .map_err(|_| KindError::new(format!("{file} has the draw `{}`, which is no whole number", record[draw])))?;
        by_draw.entry(number).or_default().push(record);
    }
    let (low, high) = (by_draw.keys().next().copied().unwrap_or(0), by_draw.keys().last().copied().unwrap_or(0));
    if by_draw.len() < 2 || low > 1 || high + 1 - low != by_draw.len() {
        return Err(KindError::new(format!(
            "{file} has {} draws, {low} to {high}; they count up from 0 or 1, at least two, each with stimuli",
            by_draw.len()
        )));
    }
    let naming = Naming { list: file, known: "`rows`" };
    let draws = by_draw.into_iter().map(|(number, records)| {
        let names: Vec<String> = records.iter().map(|record| record[id].clone()).collect();
        let found = naming.find_once(&names, stimuli, run)?;
        let mut parts = vec![if part.is_some() { None } else { Some(Part::Train) }; stimuli.len()];
        for (row, record) in found.into_iter().zip(&records) {
            parts[row] = Some(match part.map(|part| record[part].as_str()) {
                None | Some("test") => Part::Test,
                Some("train") => Part::Train,
                Some(other) => {
                    return Err(KindError::new(format!(
                        "{file} gives `{}` the part `{other}` in draw {number}; a draw has train and test",
                        stimuli.get(row).name
                    )));
                }
            });
        }
        if let Some(row) = parts.iter().position(Option::is_none) {
            return Err(KindError::new(format!(
                "{file} gives `{}` no part in draw {number}; every stimulus needs one",
                stimuli.get(row).name
            )));
        }
        let parts: Vec<Part> = parts.into_iter().flatten().collect();
        match parts.contains(&Part::Train) && parts.contains(&Part::Test) {
            true => Ok(parts),
            false => Err(KindError::new(format!("draw {number} of {file} needs stimuli of both train and test"))),
        }
    });
    draws.collect::<Result<_, _>>().map(Assignment::Draws)
}
