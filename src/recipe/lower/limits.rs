//! What a node may take, as its `resources` say.

use serde_json::Value as Json;

use crate::diagnostic::{Problems, quoted};
use crate::kind::Limits;
use crate::recipe::lower::suggest::suggest;
use crate::recipe::lower::variables::Variables;
use crate::recipe::syntax::tree::{Entry, Value};
use crate::text::quantity;

/// What `resources` may have.
const KEYS: [&str; 3] = ["memory", "time", "disk"];

/// Reads the section.
pub fn read(entry: &Entry, variables: &Variables, problems: &mut Problems) -> Limits {
    let mut limits = Limits::default();
    let Value::Map(entries) = &entry.value.value else {
        if !entry.value.is_null() {
            problems
                .error(entry.value.place.clone(), format!("`resources` is {}; it is a map", entry.value.describe()))
                .help("as in `resources: { memory: 4GB, time: 10m }`");
        }
        return limits;
    };
    for one in entries {
        if !variables.check_fixed(&one.value, problems) {
            continue;
        }
        let Some(value) = variables.expand(&one.value, &[]) else { continue };
        let read = match one.key.as_str() {
            "memory" => size(&value).map(|bytes| limits.memory = Some(bytes)),
            "disk" => size(&value).map(|bytes| limits.disk = Some(bytes)),
            "time" => seconds(&value).map(|seconds| limits.seconds = Some(seconds)),
            other => {
                let problem = problems.error(one.place.clone(), format!("`resources` has no key {}", quoted(other)));
                suggest(problem, other, KEYS.into_iter(), "it has");
                continue;
            }
        };
        if let Err(message) = read {
            problems.error(one.value.place.clone(), format!("`{}`: {message}", one.key));
        }
    }
    limits
}

fn size(value: &Json) -> Result<u64, String> {
    match value {
        Json::String(text) => quantity::size(&text.replace(' ', "")).and_then(|bytes| match bytes {
            0 => Err("it is a size above 0, such as `4GB`".to_owned()),
            bytes => Ok(bytes),
        }),
        Json::Number(number) if number.as_f64().is_some_and(|x| x > 0.0) => quantity::size(&format!("{number}GB")),
        _ => Err("it is a size, such as `4GB`".to_owned()),
    }
}

fn seconds(value: &Json) -> Result<f64, String> {
    let wrong = || "it is a time above 0, such as `90s`, `10m` or `2h`".to_owned();
    let (number, unit) = match value {
        Json::Number(number) => (number.as_f64(), 60.0),
        Json::String(text) => {
            let text = text.trim();
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
            let unit = match text[digits.len()..].trim() {
                "s" | "sec" | "seconds" => 1.0,
                "m" | "min" | "minutes" | "" => 60.0,
                "h" | "hours" => 3600.0,
                _ => return Err(wrong()),
            };
            (digits.trim().parse().ok(), unit)
        }
        _ => (None, 1.0),
    };
    number.filter(|number| *number > 0.0 && number.is_finite()).map(|number| number * unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_and_sizes_are_read_with_their_units() {
        assert_eq!(seconds(&json!("90s")), Ok(90.0));
        assert_eq!(seconds(&json!("1.5 h")), Ok(5400.0));
        assert_eq!(seconds(&json!(2)), Ok(120.0));
        assert!(seconds(&json!("soon")).is_err() && seconds(&json!(0)).is_err() && seconds(&json!([])).is_err());
        assert_eq!(size(&json!("2GB")), size(&json!(2)));
        assert!(size(&json!(-1)).is_err());
    }
}
