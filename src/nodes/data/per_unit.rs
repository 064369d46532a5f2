//! Rows of a file joined to units: by name where both have names, else by position where that is safe.

use crate::kind::{KindError, Run};
use crate::nodes::data::layout::Order;
use crate::nodes::data::rows::unit_names;
use crate::text::matching::{Index, natural, orders_differ};

/// A file with a row per unit.
pub struct UnitRows<'a> {
    /// What the file is called.
    pub file: &'a str,
    pub count: usize,
    /// The names that it gives its rows, if any.
    pub names: Option<&'a [String]>,
}

impl UnitRows<'_> {
    /// For each unit, its row. Units called `unit_001` and so on, as a loader calls those that have no names, have none.
    pub fn of(&self, units: &[String], order: Option<Order>, run: &mut Run<'_>) -> Result<Vec<usize>, KindError> {
        let nameless = *units == unit_names(units.len());
        match self.names {
            Some(names) => {
                let index = Index::of(names.iter().map(String::as_str));
                if nameless && !index.knows_any(units) {
                    let rows = self.by_position(units, Some(names), order)?;
                    run.note(format!(
                        "the units of `responses` have no names; they are taken to be the rows of {} {}",
                        self.file,
                        how(order)
                    ));
                    return Ok(rows);
                }
                self.by_name(units, &index, order, run)
            }
            None => {
                let known = (!nameless).then_some(units);
                let places = self.by_position(units, known, order)?;
                run.note(format!(
                    "{} has no names of units; its rows are taken to be the units of `responses` {}",
                    self.file,
                    how(order)
                ));
                // Row by row, the unit's place: turned about.
                let mut rows = vec![0; places.len()];
                for (row, place) in places.into_iter().enumerate() {
                    rows[place] = row;
                }
                Ok(rows)
            }
        }
    }

    fn by_name(
        &self,
        units: &[String],
        index: &Index<'_>,
        order: Option<Order>,
        run: &mut Run<'_>,
    ) -> Result<Vec<usize>, KindError> {
        let file = self.file;
        if order.is_some() {
            return Err(KindError::new(format!(
                "`order` is for units without names, but {file} and `responses` have names"
            )));
        }
        let matched = index.find_all(units).map_err(|wrong| {
            let way_out = "every unit has a row, and `select_units` leaves out those that have none";
            KindError::new(format!("{}; {way_out}", wrong.words_of("unit", "`responses`", file)))
        })?;
        if let Some(note) = matched.note("the units of `responses`") {
            run.note(note);
        }
        if self.count > units.len() {
            run.note(format!(
                "{} of {} rows of {file} are of other units than those of `responses`",
                self.count - units.len(),
                self.count
            ));
        }
        Ok(matched.rows)
    }

    /// The order in which the side without names follows the one with names.
    fn by_position(
        &self,
        units: &[String],
        names: Option<&[String]>,
        order: Option<Order>,
    ) -> Result<Vec<usize>, KindError> {
        let file = self.file;
        if self.count != units.len() {
            return Err(KindError::new(format!(
                "{file} has {} rows but `responses` has {} units; a row is one unit in both, or both name their units (`ids`, \
                 `id_column`)",
                self.count,
                units.len()
            )));
        }
        let texts: Vec<&str> = names.unwrap_or_default().iter().map(String::as_str).collect();
        match (order, orders_differ(texts.iter().copied())) {
            (None, Some([by_text, by_number])) => Err(KindError::new(format!(
                "of {file} and `responses` one names its units and the other does not, and those names stand in one order as texts \
                 ({by_text}, …) and in another by their numbers ({by_number}, …); which of them the other follows cannot be known: \
                 name both (`ids`, `id_column`), or say `order: natural`, `by_name` or `as_given`"
            ))),
            (Some(Order::Natural), _) if names.is_some() => Ok(natural(&texts)),
            (Some(Order::ByName), _) if names.is_some() => {
                let mut rows: Vec<usize> = (0..texts.len()).collect();
                rows.sort_by_key(|&row| texts[row]);
                Ok(rows)
            }
            _ => Ok((0..self.count).collect()),
        }
    }
}

fn how(order: Option<Order>) -> &'static str {
    match order {
        Some(Order::Natural) => "in the order of the numbers in their names",
        Some(Order::ByName) => "in the order of their names as texts",
        Some(Order::AsGiven) | None => "in their order",
    }
}
