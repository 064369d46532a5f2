//! The port `subjects`: which subject each unit is of, for responses that do not say it themselves.

use crate::kind::{Arity, Input};
use crate::value::ty::Type;

/// The port of the table.
pub const PORT: &str = "subjects";

/// What the port takes.
pub const INPUT: Input = Input {
    name: PORT,
    types: &[Type::Table],
    arity: Arity::Optional,
    about: "Which subject each unit of the responses is of, where they do not say: a table of unit and subject, and region where it has \
        one, such as load_units' `units`.",
};
