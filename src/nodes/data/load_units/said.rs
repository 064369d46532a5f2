//! What the table says of the units, in their order.

use polars::prelude::{Column, DataFrame};
use serde_json::json;

use crate::formats::columns::Columns;
use crate::kind::{KindError, Run, fact};
use crate::nodes::data::given_ceiling::CeilingIs;
use crate::nodes::data::load_units::{Params, RegionColumns};
use crate::nodes::measures::CEILING;
use crate::value::responses::{PerUnit, Responses};
use crate::value::table::Table;

pub const UNIT: &str = "unit";
pub const REGION: &str = "region";
pub const SUBJECT: &str = "subject";

/// Where in the table things stand.
#[derive(Default)]
pub struct Places {
    pub ceiling: Option<usize>,
    pub regions: Vec<usize>,
    pub subject: Option<usize>,
    pub names: Option<usize>,
}

impl Places {
    /// The columns that are something else than what is kept beside.
    fn taken(&self) -> impl Iterator<Item = usize> {
        self.regions.iter().copied().chain(self.subject).chain(self.names)
    }
}

/// What the table says of the units, in their order.
pub struct Said {
    ceilings: Option<(Vec<Option<f64>>, String)>,
    regions: Option<Vec<String>>,
    subjects: Option<Vec<String>>,
    others: Vec<(String, PerUnit)>,
}

impl Said {
    /// Reads it, row by row of the units.
    pub fn read(
        params: &Params,
        table: &Columns,
        places: &Places,
        (rows, units, file): (&[usize], &[String], &str),
        run: &mut Run<'_>,
    ) -> Result<Self, KindError> {
        let words = |at: usize| {
            let names = table.list[at].names();
            rows.iter().map(|&row| names[row].clone()).collect::<Vec<_>>()
        };
        let regions = match (&params.region, &places.regions[..]) {
            (_, []) => None,
            (Some(RegionColumns::Marked(names)), columns) => Some(marked(table, columns, names, (rows, units, file))?),
            (_, &[one, ..]) => Some(words(one)),
        };
        let ceilings = places.ceiling.map(|at| ceilings(params, table, at, (rows, units, file), run)).transpose()?;
        let mut said = Self { ceilings, regions, subjects: places.subject.map(words), others: Vec::new() };
        for (what, list) in [(REGION, &mut said.regions), (SUBJECT, &mut said.subjects)] {
            let Some(list) = list else { continue };
            let is_none =
                |word: &str| ["", "na", "n/a", "nan", "none", "null"].contains(&word.trim().to_lowercase().as_str());
            let none = list.iter().filter(|word| is_none(word)).count();
            list.iter_mut().filter(|word| is_none(word)).for_each(|word| "none".clone_into(word));
            if none > 0 {
                run.note(format!("{none} of {} units have no {what} in {file}; theirs is called `none`", units.len()));
            }
        }
        let taken: Vec<usize> = places.taken().collect();
        for (at, column) in table.list.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
            // A ceiling in its own form stays beside the share that it comes to.
            let Some(heading) = column.heading.as_deref().filter(|heading| !heading.is_empty()) else { continue };
            if [UNIT, REGION, SUBJECT, CEILING].contains(&heading) {
                if places.ceiling != Some(at) {
                    run.note(format!("the column `{heading}` of {file} is left out: another one was named for it"));
                }
                continue;
            }
            said.others.push((
                heading.to_owned(),
                match &column.numbers {
                    Some(numbers) => {
                        PerUnit::Numbers(rows.iter().map(|&row| Some(numbers[row]).filter(|x| x.is_finite())).collect())
                    }
                    None => PerUnit::Words(rows.iter().map(|&row| column.texts[row].clone()).collect()),
                },
            ));
        }
        Ok(said)
    }

    /// A row per unit.
    pub fn table(&self, responses: &Responses) -> Result<Table, KindError> {
        let mut columns = vec![Column::new(UNIT.into(), responses.units().to_vec())];
        if let Some((ceilings, _)) = &self.ceilings {
            columns.push(Column::new(CEILING.into(), ceilings.clone()));
        }
        for (name, list) in [(REGION, &self.regions), (SUBJECT, &self.subjects)] {
            columns.extend(list.iter().map(|list| Column::new(name.into(), list.clone())));
        }
        for (name, values) in &self.others {
            columns.push(match values {
                PerUnit::Numbers(numbers) => Column::new(name.as_str().into(), numbers.clone()),
                PerUnit::Words(words) => Column::new(name.as_str().into(), words.clone()),
            });
        }
        let frame = DataFrame::new(responses.units().len(), columns).map_err(|e| KindError::new(e.to_string()))?;
        let mut table = Table::new(frame);
        table.about.facts.insert(fact::RECORDING.to_owned(), json!(responses.recording()));
        if let Some((_, definition)) = &self.ceilings {
            table.about.definitions.insert(CEILING.to_owned(), definition.clone());
        }
        Ok(table)
    }

    /// The responses with what the table says.
    pub fn attached(self, mut responses: Responses, run: &mut Run<'_>) -> Responses {
        let about = &mut responses.about;
        for (what, old, new) in
            [(REGION, &mut about.regions, self.regions), (SUBJECT, &mut about.subjects, self.subjects)]
        {
            let Some(new) = new else { continue };
            if old.as_ref().is_some_and(|old| *old != new) {
                run.note(format!("`responses` had another {what} for some of its units; the table's stands"));
            }
            *old = Some(new);
        }
        about.known.extend(self.others);
        responses
    }
}

type Joined<'a> = (&'a [usize], &'a [String], &'a str);

fn ceilings(
    params: &Params,
    table: &Columns,
    at: usize,
    (rows, units, file): Joined<'_>,
    run: &mut Run<'_>,
) -> Result<(Vec<Option<f64>>, String), KindError> {
    let column = &table.list[at];
    let called = column.heading.as_ref().map_or_else(|| file.to_owned(), |heading| format!("`{heading}` of {file}"));
    let Some(numbers) = &column.numbers else {
        return Err(KindError::new(format!("{called} holds words, where ceilings are numbers")));
    };
    let is = params.ceiling_is.unwrap_or(CeilingIs::ExplainedVariance);
    let repeats = params.repeats.unwrap_or(1.0);
    let given: Vec<f64> = rows.iter().map(|&row| numbers[row]).collect();
    let (shares, negative) = is.shares(&given, repeats, units, &called)?;
    let definition = format!("{called} {}, a fraction of the variance of mean responses", is.definition(repeats));
    run.note(format!("ceiling: {definition}; which stimuli it was estimated from is not known"));
    if negative > 0 {
        run.note(format!("{negative} of {} ceilings are negative estimates, and count as 0", units.len()));
    }
    let missing = shares.iter().filter(|share| share.is_none()).count();
    if missing > 0 {
        run.note(format!(
            "{missing} of {} units have no ceiling in {file}: their scores are not normalised",
            units.len()
        ));
    }
    Ok((shares, definition))
}

/// The region of each unit, of columns that mark theirs.
fn marked(
    table: &Columns,
    columns: &[usize],
    names: &[String],
    (rows, units, file): Joined<'_>,
) -> Result<Vec<String>, KindError> {
    let mut regions = vec![String::new(); units.len()];
    for (&at, name) in columns.iter().zip(names) {
        let column = &table.list[at];
        for (unit, &row) in rows.iter().enumerate() {
            let is_in = match column.texts[row].to_ascii_lowercase().as_str() {
                "1" | "1.0" | "true" | "yes" => true,
                "0" | "0.0" | "false" | "no" | "" | "nan" | "na" | "n/a" => false,
                other => {
                    return Err(KindError::new(format!(
                        "`{name}` of {file} is `{other}` for unit `{}`; a column that marks a region holds 1 and 0, or True and \
                         False",
                        units[unit]
                    )));
                }
            };
            if is_in && !regions[unit].is_empty() {
                return Err(KindError::new(format!(
                    "unit `{}` lies in `{}` and in `{name}` of {file}; a unit has one region: name columns that share no unit",
                    units[unit], regions[unit]
                )));
            }
            if is_in {
                regions[unit].clone_from(name);
            }
        }
    }
    Ok(regions)
}
