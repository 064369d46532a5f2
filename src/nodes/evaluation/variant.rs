//! What tells variants apart, as columns of a table.

use polars::prelude::Column;
use serde_json::Value as Json;

/// A swept variable or label per row: whole numbers or numbers where every value is one, else text.
pub fn column(name: &str, values: &[Option<&Json>]) -> Column {
    if values.iter().all(|value| value.is_some_and(Json::is_i64)) {
        let numbers: Vec<Option<i64>> = values.iter().map(|value| value.and_then(Json::as_i64)).collect();
        return Column::new(name.into(), numbers);
    }
    if values.iter().all(|value| value.is_some_and(Json::is_number)) {
        let numbers: Vec<Option<f64>> = values.iter().map(|value| value.and_then(Json::as_f64)).collect();
        return Column::new(name.into(), numbers);
    }
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts: Vec<Option<String>> = values.iter().map(|value| value.map(text)).collect();
    Column::new(name.into(), texts)
}
