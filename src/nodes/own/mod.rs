//! Kinds of the domain `own`: steps that a person brings.

pub mod script;

#[cfg(test)]
use crate::nodes::golden::Case;
use crate::nodes::kinds::kinds;

kinds! { "own":
    script::Script,
}
