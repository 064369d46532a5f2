//! The objects that pictures show, from a file with a row per picture.

use std::path::Path;

use crate::formats::column::Column;
use crate::formats::open::Options;
use crate::formats::{columns, name_of};
use crate::kind::{KindError, Run};
use crate::nodes::data::layout::Order;
use crate::nodes::data::named::Naming;
use crate::value::labels::Labels;
use crate::value::stimuli::Stimuli;

const OBJECT: &str = "object";
const CATEGORY: &str = "category";

/// Reads a table with the columns `object`, and perhaps `category`; rows join by the names that the table gives them (`id_column` says
/// where), else by position. `files` are the pictures' names as their order was taken from them.
pub fn read(
    path: &Path,
    id_column: Option<&str>,
    (stimuli, files): (&Stimuli, &[&str]),
    order: Option<Order>,
    run: &mut Run<'_>,
) -> Result<Labels, KindError> {
    let file = name_of(path);
    let mut table = columns::read(path, &Options { id_column, ..Options::default() }, &[])?;
    let headings: Vec<&str> = table.list.iter().filter_map(|column| column.heading.as_deref()).collect();
    let listed = headings.join(", ");
    let Some(object) = table.find(OBJECT) else {
        return Err(KindError::new(format!("{file} has the columns {listed}, and no `{OBJECT}`")));
    };
    let category = table.find(CATEGORY);
    let apart: Vec<usize> = category.into_iter().chain([object]).collect();
    let names = table.names_of_rows(id_column, "id", &apart)?;
    for note in &table.notes {
        run.note(note.clone());
    }
    let naming = Naming { list: "`labels`", known: "`images`" };
    let found = match names {
        Some(at) => naming.find_once(&table.list[at].names(), stimuli, run)?,
        None if table.rows != stimuli.len() => {
            return Err(KindError::new(format!(
                "{file} has the columns {listed}, of which none names pictures, and {} rows for {} pictures; give it a column `id`",
                table.rows,
                stimuli.len()
            )));
        }
        None => naming.by_position(
            files,
            order,
            "give it a column `id`, or say `order: natural` or `order: by_name`",
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
    let pick = |column: &Column| places.iter().map(|&at| column.texts[at].clone()).collect();
    let category = category.map(|at| pick(&table.list[at]));
    Ok(Labels { stimuli: stimuli.clone(), object: pick(&table.list[object]), category })
}
