//! Which rows and repeats a ceiling is of, and whether they are those of a score.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::kind::{KindError, Run, fact};
use crate::nodes::evaluation::held_out;
use crate::nodes::evaluation::on::On;
use crate::value::lineage::Exposure;
use crate::value::responses::Responses;
use crate::value::stimuli::Stimuli;
use crate::value::table::Table;

/// Means of so much more or fewer repeats have another ceiling.
const TOLERANCE: f64 = 0.1;

/// The rows of `responses` that a ceiling is asked of: all, or those of a part of `split`.
pub fn asked_for(on: Option<On>, responses: &Responses, run: &Run<'_>) -> Result<Vec<usize>, KindError> {
    let on = match (on, run.has("split")) {
        (None, false) => return Ok((0..responses.stimuli().len()).collect()),
        (Some(on), true) => on,
        (Some(on), false) => {
            return Err(KindError::new(format!(
                "`on: {}` is a part of a split, and nothing arrives at `split`; connect the one that scores are of",
                on.written()
            )));
        }
        (None, true) => {
            return Err(KindError::new(
                "`split` arrives, but `on` does not say which part of it the ceiling is of; say `on: test`, or leave `split` out",
            ));
        }
    };
    let split = run.split("split")?;
    let rounds = held_out::rounds(on, &split)?;
    // Draws of a split hold a stimulus out several times.
    let rows: BTreeSet<usize> = rounds.into_iter().flat_map(|round| round.held_out).collect();
    let rows: Vec<usize> = rows.into_iter().collect();
    let known = responses.stimuli();
    let mut found = split.stimuli.select(&rows).align(known, "the rows of `on`", "responses")?;
    found.sort_unstable();
    Ok(found)
}

/// Of how many repeats the responses to these rows are means: 1 over the mean of 1/m over rows and units; nothing without repeats.
pub fn mean_repeats(responses: &Responses, rows: &[usize]) -> Option<f64> {
    let repeats = responses.repeats.as_ref()?;
    let (mut shares, mut count) = (0.0, 0.0);
    for &row in rows {
        for trials in repeats.index_axis(ndarray::Axis(0), row).rows() {
            let known = trials.iter().filter(|x| x.is_finite()).count();
            if known > 0 {
                shares += 1.0 / known as f64;
                count += 1.0;
            }
        }
    }
    (count > 0.0).then(|| count / shares)
}

/// Refuses a ceiling of other rows, or of means of other repeats, than those scored; says where it is of more or fewer. `scored` are
/// rows of `stimuli`, `measured` the same as rows of `responses`.
pub fn check(
    table: &Table,
    (stimuli, scored): (&Stimuli, &[usize]),
    (responses, measured): (&Responses, &[usize]),
    run: &mut Run<'_>,
) -> Result<(), KindError> {
    let [of] = &table.about.lineage.selected[..] else { return Ok(()) };
    let seen = scored.iter().filter(|&&row| of.saw(stimuli.get(row))).count();
    if seen == 0 {
        return Err(KindError::new(format!(
            "`ceiling` is of {} stimuli, none of which is among the {} scored; a ceiling belongs to the rows that are scored: give \
             `{}` the `split`, and say `on` as here",
            of.len(),
            scored.len(),
            of.by
        )));
    }
    let of_ceiling = table.about.facts.get(fact::REPEATS).and_then(Json::as_f64);
    if let (Some(of_ceiling), Some(here)) = (of_ceiling, mean_repeats(responses, measured))
        && (of_ceiling / here - 1.0).abs() > TOLERANCE
    {
        return Err(KindError::new(format!(
            "`ceiling` is of means of {} repeats, but the scored responses are means of {}; a ceiling belongs to the rows that are \
             scored: give `{}` the `split`, and say `on` as here",
            rounded(of_ceiling),
            rounded(here),
            of.by
        )));
    }
    if let Some(said) = said(of, seen, scored.len()) {
        run.note(format!("`ceiling` {said}"));
    }
    Ok(())
}

/// In words, of which stimuli a ceiling is where these are not those scored.
pub fn said(of: &Exposure, seen: usize, scored: usize) -> Option<String> {
    (of.len() > seen || seen < scored).then(|| {
        let (all, seen) =
            (of.len(), if seen == scored { format!("all {scored}") } else { format!("{seen} of the {scored}") });
        format!("is estimated from {all} stimuli, among which are {seen} scored; `on` in `{}` makes it theirs", of.by)
    })
}

fn rounded(count: f64) -> String {
    let text = format!("{count:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}
