//! The combinations of swept variables, and the part of them that a node sees.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::recipe::wording;

/// The values of some swept variables, as (variable, index of its value), in the sweep's order.
pub type Row = Vec<(usize, usize)>;

/// A node exists at most this often.
pub const MAX_VARIANTS: usize = 10_000;

/// Swept variables, their values, and which combinations are meant.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    pub variables: Vec<Swept>,
    /// The chosen combinations, with an index per variable; absent for the grid of all.
    chosen: Option<Vec<Vec<usize>>>,
}

/// A value of a swept variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    pub value: Json,
    /// What it is called; absent, a scalar, which is called by itself.
    pub name: Option<String>,
}

impl Level {
    /// A scalar that has no other name.
    pub fn plain(value: Json) -> Self {
        Self { value, name: None }
    }

    /// What it is called wherever it is told from others.
    pub fn label(&self) -> Json {
        self.name.as_ref().map_or_else(|| self.value.clone(), |name| Json::String(name.clone()))
    }

    /// The same as text.
    pub fn text(&self) -> String {
        self.name.clone().unwrap_or_else(|| wording::scalar_text(&self.value))
    }
}

/// A swept variable.
#[derive(Clone, Debug)]
pub struct Swept {
    pub name: String,
    pub levels: Vec<Level>,
    /// The levels as they stand in the names of variants.
    pub texts: Vec<String>,
}

impl Swept {
    /// A variable over levels.
    pub fn new(name: &str, levels: Vec<Level>) -> Self {
        let texts = levels.iter().map(Level::text).collect();
        Self { name: name.to_owned(), levels, texts }
    }

    /// The index of a level, by what it is called or by its value.
    pub fn level(&self, said: &str) -> Option<usize> {
        let called = self.texts.iter().position(|text| text == said);
        called.or_else(|| self.levels.iter().position(|level| wording::scalar_text(&level.value) == said))
    }

    /// A variable over scalars without other names.
    pub fn plain(name: &str, values: Vec<Json>) -> Self {
        Self::new(name, values.into_iter().map(Level::plain).collect())
    }
}

impl Sweep {
    /// The grid of all combinations.
    pub fn grid(variables: Vec<Swept>) -> Self {
        Self { variables, chosen: None }
    }

    /// Chosen combinations, each with an index per variable.
    pub fn chosen(variables: Vec<Swept>, chosen: Vec<Vec<usize>>) -> Self {
        Self { variables, chosen: Some(chosen) }
    }

    /// The index of a variable.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    /// The distinct combinations of some variables (ascending), in the sweep's order; nothing if they are too many.
    /// Without variables there is one, which is empty.
    pub fn project(&self, variables: &[usize]) -> Option<Vec<Row>> {
        match &self.chosen {
            None => {
                let sizes = variables.iter().map(|&at| self.variables[at].levels.len());
                sizes.clone().try_fold(1_usize, |product, size| {
                    product.checked_mul(size).filter(|&product| product <= MAX_VARIANTS)
                })?;
                let mut rows: Vec<Row> = vec![Vec::new()];
                for (&variable, size) in variables.iter().zip(sizes) {
                    let longer = |row: &Row, value| row.iter().copied().chain([(variable, value)]).collect();
                    rows = rows.iter().flat_map(|row| (0..size).map(move |value| longer(row, value))).collect();
                }
                Some(rows)
            }
            Some(chosen) => {
                let mut seen = HashSet::new();
                let rows = chosen.iter().map(|values| restrict_all(values, variables));
                let rows: Vec<Row> = rows.filter(|row| seen.insert(row.clone())).collect();
                (rows.len() <= MAX_VARIANTS).then_some(rows)
            }
        }
    }

    /// The value of a variable in a row.
    pub fn value(&self, row: &[(usize, usize)], variable: usize) -> Option<&Json> {
        at(row, variable).map(|level| &self.variables[variable].levels[level].value)
    }

    /// What a variable's value in a row is called.
    pub fn label(&self, row: &[(usize, usize)], variable: usize) -> Option<Json> {
        at(row, variable).map(|level| self.variables[variable].levels[level].label())
    }

    /// A row as a node's identity carries it.
    pub fn variant(&self, row: &[(usize, usize)]) -> Vec<(String, String)> {
        let pair = |&(variable, value): &(usize, usize)| {
            let variable = &self.variables[variable];
            (variable.name.clone(), variable.texts[value].clone())
        };
        row.iter().map(pair).collect()
    }
}

fn restrict_all(values: &[usize], variables: &[usize]) -> Row {
    variables.iter().map(|&variable| (variable, values[variable])).collect()
}

/// The index of a variable's value in a row.
pub fn at(row: &[(usize, usize)], variable: usize) -> Option<usize> {
    row.binary_search_by_key(&variable, |&(variable, _)| variable).ok().map(|found| row[found].1)
}

/// A row's part over some of its variables.
pub fn restrict(row: &[(usize, usize)], variables: &[usize]) -> Row {
    variables.iter().filter_map(|&variable| at(row, variable).map(|value| (variable, value))).collect()
}

/// Why a value cannot be swept, if it cannot.
pub fn wrong_value(name: &str, value: &Json) -> Option<String> {
    match value {
        Json::Null | Json::Array(_) | Json::Object(_) => Some(format!(
            "a value of the swept `{name}` is {}; it is a text, a number or a truth value",
            wording::given(value)
        )),
        Json::String(text) if text.is_empty() || text.contains(char::is_control) => {
            Some(format!("a value of the swept `{name}` is a text of one line, since it names a variant"))
        }
        _ => None,
    }
}

/// Why nothing can be called so, if it cannot: names stand in references, in folders and on axes.
pub fn wrong_name(variable: &str, name: &str) -> Option<String> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '+');
    let sound = name.trim() == name && !name.is_empty() && name.chars().all(fits);
    (!sound).then(|| {
        format!(
            "{} cannot name a value of `{variable}`; a name has letters, digits, spaces, `_`, `-`, `.` and `+`",
            crate::diagnostic::quoted(name)
        )
    })
}

/// The positions of levels that are called as one before.
pub fn repeated(levels: &[Level]) -> Vec<(usize, String)> {
    let mut seen = HashSet::new();
    let texts = levels.iter().map(Level::text).enumerate();
    texts.filter(|(_, text)| !seen.insert(text.clone())).collect()
}

/// The first two levels of one value, which would be the same variant under two names.
pub fn same_value(levels: &[Level]) -> Option<(usize, usize)> {
    levels.iter().enumerate().find_map(|(at, level)| {
        let before = levels[..at].iter().position(|other| other.value == level.value)?;
        Some((before, at))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables() -> Vec<Swept> {
        vec![
            Swept::plain("layer", vec![json!("features.3"), json!("features.6")]),
            Swept::plain("k", vec![json!(10), json!(100), json!(1000)]),
        ]
    }

    #[test]
    fn a_grid_is_projected_without_being_built() {
        let sweep = Sweep::grid(variables());
        assert_eq!(sweep.project(&[]), Some(vec![vec![]]));
        assert_eq!(sweep.project(&[1]).map(|rows| rows.len()), Some(3));
        let all = sweep.project(&[0, 1]).unwrap();
        assert_eq!(all.len(), 6);
        assert_eq!(sweep.variant(&all[1]), [("layer".into(), "features.3".into()), ("k".into(), "100".into())]);
        let wide = Sweep::grid((0..30).map(|i| Swept::plain(&i.to_string(), vec![json!(0); 1000])).collect());
        assert_eq!(wide.project(&(0..30).collect::<Vec<_>>()), None);
    }

    #[test]
    fn chosen_combinations_project_to_distinct_ones_in_order() {
        let sweep = Sweep::chosen(variables(), vec![vec![1, 2], vec![1, 0], vec![0, 0]]);
        assert_eq!(sweep.project(&[0]), Some(vec![vec![(0, 1)], vec![(0, 0)]]));
        assert_eq!(sweep.project(&[0, 1]).map(|rows| rows.len()), Some(3));
        assert_eq!(restrict(&[(0, 1), (1, 2)], &[1]), [(1, 2)]);
    }
}
