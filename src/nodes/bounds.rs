//! Numbers with limits, for parameters: a schema's range alone is not enforced.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A whole number of at least `LEAST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "usize")]
pub struct AtLeast<const LEAST: usize>(usize);

/// A count of at least one.
pub type Positive = AtLeast<1>;
/// A number of folds: at least two.
pub type Folds = AtLeast<2>;

impl<const LEAST: usize> AtLeast<LEAST> {
    /// A limit that is kept by whoever writes the number down, such as a default.
    pub const fn new(value: usize) -> Self {
        assert!(value >= LEAST, "a number within its limit");
        Self(value)
    }

    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl<const LEAST: usize> From<AtLeast<LEAST>> for usize {
    fn from(value: AtLeast<LEAST>) -> Self {
        value.0
    }
}

impl<const LEAST: usize> TryFrom<i64> for AtLeast<LEAST> {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        match usize::try_from(value) {
            Ok(number) if number >= LEAST => Ok(Self(number)),
            _ => Err(format!("{value} is too small; it is at least {LEAST}")),
        }
    }
}

impl<const LEAST: usize> JsonSchema for AtLeast<LEAST> {
    fn schema_name() -> Cow<'static, str> {
        format!("AtLeast{LEAST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_enforced_and_told() {
        assert_eq!(serde_json::from_str::<Folds>("2").unwrap().get(), 2);
        let error = serde_json::from_str::<Folds>("1").unwrap_err().to_string();
        assert!(error.contains("1 is too small; it is at least 2"), "{error}");
        assert!(serde_json::from_str::<Positive>("-3").is_err());
        assert_eq!(serde_json::to_string(&Positive::new(3)).unwrap(), "3");
    }
}
