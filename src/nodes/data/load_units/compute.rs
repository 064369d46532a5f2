//! How the table is read, and where in it things stand.

use crate::formats::columns::{self, Columns};
use crate::formats::{name_of, open};
use crate::kind::{Compute, KindError, Run};
use crate::nodes::data::load_units::said::{Places, REGION, SUBJECT, Said, UNIT};
use crate::nodes::data::load_units::{LoadUnits, Params, RegionColumns};
use crate::nodes::data::per_unit::UnitRows;
use crate::nodes::data::reading;
use crate::nodes::measures::CEILING;
use crate::value::Value;

impl Compute for LoadUnits {
    fn run(params: Params, run: &mut Run<'_>) -> Result<(), KindError> {
        let responses = run.responses("responses")?;
        let path = run.file("path").0.to_owned();
        let file = name_of(&path);
        let mut table = columns::read(&path, &params.reading(), &params.columns())?;
        let ids = reading::ids(params.ids.is_some(), params.ids_key.as_deref(), &path, run)?.or(table.names.take());
        let places = Places::find(&params, &mut table, ids.is_some(), &file)?;
        for note in &table.notes {
            run.note(note.clone());
        }
        let names = ids.or_else(|| places.names.map(|at| table.list[at].names()));
        if let Some(names) = names.as_ref().filter(|names| names.len() != table.rows) {
            return Err(KindError::new(format!(
                "`ids` names {} units but {file} has {} rows; a row is one unit in both",
                names.len(),
                table.rows
            )));
        }
        let rows = UnitRows { file: &file, count: table.rows, names: names.as_deref() };
        let rows = rows.of(responses.units(), params.order, run)?;
        let said = Said::read(&params, &table, &places, (&rows, responses.units(), &file), run)?;
        run.emit("units", Value::Table(said.table(&responses)?))?;
        if run.wants("responses") {
            let attached = said.attached(responses, run);
            run.emit("responses", Value::Responses(attached))?;
        }
        Ok(())
    }
}

impl Params {
    fn reading(&self) -> open::Options<'_> {
        reading::options(self.key.as_deref(), self.id_column.as_deref(), self.separator, self.decimal)
    }

    /// The columns that parameters name.
    fn columns(&self) -> Vec<&str> {
        let regions: Vec<&str> = match &self.region {
            None => Vec::new(),
            Some(RegionColumns::Named(one)) => vec![one],
            Some(RegionColumns::Marked(many)) => many.iter().map(String::as_str).collect(),
        };
        let mut all: Vec<&str> = Vec::new();
        for column in self.ceiling.iter().chain(&self.subject).map(String::as_str).chain(regions) {
            if !all.contains(&column) {
                all.push(column);
            }
        }
        all
    }
}

impl Places {
    fn find(params: &Params, table: &mut Columns, has_ids: bool, file: &str) -> Result<Self, KindError> {
        let mut places = Self::default();
        let regions = match &params.region {
            None => table.find(REGION).into_iter().collect(),
            Some(RegionColumns::Named(one)) => vec![table.named(one, "region")?],
            Some(RegionColumns::Marked(many)) => {
                many.iter().map(|one| table.named(one, "region")).collect::<Result<_, _>>()?
            }
        };
        places.regions = regions;
        places.subject = match &params.subject {
            Some(subject) => Some(table.named(subject, "subject")?),
            None => table.find(SUBJECT),
        };
        places.ceiling = match &params.ceiling {
            Some(ceiling) => Some(table.named(ceiling, "ceiling")?),
            None => table.find(CEILING),
        };
        let apart: Vec<usize> = places.regions.iter().copied().chain(places.subject).chain(places.ceiling).collect();
        if !has_ids {
            places.names = table.names_of_rows(params.id_column.as_deref(), UNIT, &apart)?;
        }
        let unnamed = |at: &usize| table.list[*at].heading.as_deref() == Some("");
        let left: Vec<usize> = (0..table.list.len())
            .filter(|at| !apart.contains(at) && places.names != Some(*at) && !unnamed(at))
            .collect();
        if places.ceiling.is_none() && params.ceiling_is.is_some() {
            places.ceiling = match left[..] {
                [only] => Some(only),
                _ => {
                    return Err(KindError::new(format!(
                        "{file} has {} columns that may be the ceiling, and none called `{CEILING}`; `ceiling` says which",
                        left.len()
                    )));
                }
            };
        } else if apart.is_empty() && matches!(left[..], [only] if table.list[only].heading.is_none()) {
            return Err(KindError::new(format!(
                "{file} is one column without a heading; where it holds ceilings, `ceiling_is` says of what sort"
            )));
        }
        if apart.is_empty() && places.ceiling.is_none() && left.is_empty() {
            return Err(KindError::new(format!("{file} names units and says nothing of them")));
        }
        Ok(places)
    }
}
