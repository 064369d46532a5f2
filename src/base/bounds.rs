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

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Whole<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// A number that is known to lie within the bounds, such as a default.
    pub const fn new(number: u64) -> Self {
        assert!(MIN <= number && number <= MAX, "within its bounds");
        Self(number)
    }

    /// The number.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl<const MIN: u64, const MAX: u64> TryFrom<u64> for Whole<MIN, MAX> {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        if (MIN..=MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is out of range; it runs from {MIN} to {MAX}"))
        }
    }
}

impl<const MIN: u64, const MAX: u64> From<Whole<MIN, MAX>> for u64 {
    fn from(whole: Whole<MIN, MAX>) -> Self {
        whole.0
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Whole<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole_{MIN}_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A fraction of the stimuli: 0 ≤ x < 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Fraction(f64);

impl Fraction {
    /// A fraction that is known to be one, such as a default.
    pub fn new(number: f64) -> Self {
        Self::try_from(number).expect("within its bounds")
    }

    /// The fraction.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Fraction {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..1.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is out of range; a fraction runs from 0 to below 1"))
        }
    }
}

impl From<Fraction> for f64 {
    fn from(fraction: Fraction) -> Self {
        fraction.0
    }
}

impl JsonSchema for Fraction {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Fraction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "exclusiveMaximum": 1 })
    }
}

/// A number above 0 and finite, such as a learning rate.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

/// A number of at least 0 and finite, such as a weight decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Nonnegative(f64);

/// A share of a whole: 0 < x ≤ 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

/// Conversions of a bounded number, with its rule in words and in the schema.
macro_rules! bounded {
    // A macro, since each is a type of its own: a rate is no share.
    ($name:ident, $holds:expr, $rule:literal, $schema:tt) => {
        impl $name {
            /// A number that is known to lie within the bounds, such as a default.
            pub fn new(number: f64) -> Self {
                Self::try_from(number).expect("within its bounds")
            }

            /// The number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;

            fn try_from(number: f64) -> Result<Self, String> {
                let holds: fn(f64) -> bool = $holds;
                if number.is_finite() && holds(number) {
                    Ok(Self(number))
                } else {
                    Err(format!("{number} is out of range; it is {}", $rule))
                }
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

bounded!(Rate, |x| x > 0.0, "above 0 and finite", { "type": "number", "exclusiveMinimum": 0 });
bounded!(Nonnegative, |x| x >= 0.0, "at least 0 and finite", { "type": "number", "minimum": 0 });
bounded!(Share, |x| x > 0.0 && x <= 1.0, "above 0 and at most 1", { "type": "number", "exclusiveMinimum": 0, "maximum": 1 });

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

    #[test]
    fn bounds_hold() {
        assert_eq!(serde_json::from_str::<Whole<2, 9>>("9").unwrap().get(), 9);
        let error = serde_json::from_str::<Whole<2, 9>>("1").unwrap_err().to_string();
        assert!(error.contains("1 is out of range; it runs from 2 to 9"), "{error}");
        assert_eq!(serde_json::from_str::<Fraction>("0.25").unwrap().get(), 0.25);
        assert!(serde_json::from_str::<Fraction>("1.0").is_err());
        assert!(serde_json::from_str::<Fraction>("-0.1").is_err());
        let error = serde_json::from_str::<Rate>("0").unwrap_err().to_string();
        assert!(error.contains("0 is out of range; it is above 0 and finite"), "{error}");
        assert_eq!(serde_json::from_str::<Nonnegative>("0").unwrap().get(), 0.0);
        assert!(serde_json::from_str::<Nonnegative>("-1").is_err());
        assert_eq!(serde_json::from_str::<Share>("1.0").unwrap().get(), 1.0);
        assert!(serde_json::from_str::<Share>("1.1").is_err());
    }
}
