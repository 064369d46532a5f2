//! The objects that pictures show, from a file with a row per picture.

use std::path::Path;

use crate::formats::column::Column;
use crate::formats::columns::{self, Columns};
use crate::formats::open::Options;
use crate::formats::{name_of, names};
use crate::kind::{KindError, Run};
use crate::nodes::data::layout::Order;
use crate::nodes::data::named::Naming;
use crate::value::labels::Labels;
use crate::value::stimuli::Stimuli;

const OBJECT: &str = "object";
const CATEGORY: &str = "category";

/// Where in the file `labels` things stand, as a recipe says it.
pub struct Labelled<'a> {
    pub object: Option<&'a str>,
    pub category: Option<&'a str>,
    pub id_column: Option<&'a str>,
    /// Whether a file `labels_ids` names the rows.
    pub ids: bool,
    pub ids_key: Option<&'a str>,
}

impl Labelled<'_> {
    /// Reads objects, and categories where there are any. Rows join by the names that the file or `labels_ids` gives them, else by
    /// position. `files` are the pictures' names as their order was taken from them.
    pub fn read(
        &self,
        (stimuli, files): (&Stimuli, &[&str]),
        order: Option<Order>,
        run: &mut Run<'_>,
    ) -> Result<Labels, KindError> {
        let path = run.file("labels").0.to_owned();
        let file = name_of(&path);
        let mut table = self.table(&path)?;
        let headings: Vec<&str> = table.list.iter().filter_map(|column| column.heading.as_deref()).collect();
        let columns = match headings.is_empty() {
            true => "is one array".to_owned(),
            false => format!("has the columns {}", headings.join(", ")),
        };
        let object = match (self.object, &table.list[..]) {
            // A file of one nameless column or array is the labels.
            (_, [only]) if only.heading.is_none() => 0,
            (Some(object), _) => table.named(object, "labels_key")?,
            (None, _) => match table.find(OBJECT) {
                Some(at) => at,
                None => {
                    return Err(KindError::new(format!(
                        "{file} {columns}, and no `{OBJECT}`; `labels_key` says which it is"
                    )));
                }
            },
        };
        let category = match self.category {
            Some(category) => Some(table.named(category, "labels_category_key")?),
            None => table.find(CATEGORY).filter(|&at| at != object),
        };
        let ids = self.ids(&path, table.rows, run)?.or(table.names.take());
        let names = match ids {
            Some(ids) => Some(ids),
            None => {
                let apart: Vec<usize> = category.into_iter().chain([object]).collect();
                table.names_of_rows(self.id_column, "id", &apart)?.map(|at| table.list[at].names().to_vec())
            }
        };
        for note in &table.notes {
            run.note(note.clone());
        }
        let naming = Naming { list: "`labels`", known: "`images`" };
        let found = match names {
            Some(names) => naming.find_once(&names, stimuli, run)?,
            None if table.rows != stimuli.len() => {
                return Err(KindError::new(format!(
                    "{file} {columns}, of which none names pictures, and {} rows for {} pictures; give it a column `id`, or `labels_ids`",
                    table.rows,
                    stimuli.len()
                )));
            }
            None => naming.by_position(
                files,
                order,
                "give it a column `id`, or `labels_ids`, or say `order: natural` or `order: by_name`",
                run,
            )?,
        };
        let mut place = vec![None; stimuli.len()];
        for (at, row) in found.into_iter().enumerate() {
            place[row] = Some(at);
        }
        let places: Vec<usize> = place.iter().copied().flatten().collect();
        if let Some(row) = place.iter().position(Option::is_none) {
            return Err(KindError::new(format!(
                "`labels` has {} rows but `images` has {} pictures; `{}` has no label",
                table.rows,
                stimuli.len(),
                stimuli.get(row).name
            )));
        }
        let pick = |column: &Column| -> Vec<String> {
            let texts = column.names();
            places.iter().map(|&at| texts[at].clone()).collect()
        };
        let (category, object) = (category.map(|at| pick(&table.list[at])), pick(&table.list[object]));
        match object.iter().position(String::is_empty) {
            Some(row) => Err(KindError::new(format!("`labels` has no object for `{}`", stimuli.get(row).name))),
            None => Ok(Labels { stimuli: stimuli.clone(), object, category }),
        }
    }

    /// The file's columns. Of several arrays, those that are asked for; an array of words alone is one column.
    fn table(&self, path: &Path) -> Result<Columns, String> {
        let keys: Vec<&str> = [self.object.unwrap_or(OBJECT)].into_iter().chain(self.category).collect();
        let options = Options { id_column: self.id_column, ..Options::default() };
        columns::read(path, &options, &keys)
    }

    /// The names of the rows that stand apart from the table.
    fn ids(&self, path: &Path, rows: usize, run: &Run<'_>) -> Result<Option<Vec<String>>, KindError> {
        let ids = match (self.ids, self.ids_key) {
            (true, key) => names::read(run.file("labels_ids").0, key)?,
            (false, Some(key)) => names::read(path, Some(key))?,
            (false, None) => return Ok(None),
        };
        if ids.len() != rows {
            return Err(KindError::new(format!(
                "`labels_ids` names {} pictures but {} has {rows} rows; a row is one picture in both",
                ids.len(),
                name_of(path)
            )));
        }
        Ok(Some(ids))
    }
}
