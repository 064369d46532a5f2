//! The ports that all readouts have.

use std::collections::BTreeSet;

use crate::kind::{Arity, Input, Measure, Output, Product, Role};
use crate::nodes::measures::EXPLAINED_VARIANCE;
use crate::value::ty::Type;

/// What a readout is fitted with.
pub const INPUTS: [Input; 3] = [
    Input {
        name: "features",
        types: &[Type::Matrix],
        arity: Arity::One,
        about: "Rows are stimuli, such as the scores of `pca`.",
    },
    Input {
        name: "responses",
        types: &[Type::Responses],
        arity: Arity::One,
        about: "Mean responses; needed for train stimuli only.",
    },
    Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows may be fitted on." },
];

/// What a readout makes.
pub const OUTPUTS: [Output; 3] = [
    Output {
        name: "predictions",
        ty: Type::Matrix,
        keyed: None,
        role: Some(Role::Predictions),
        about: "Predicted responses of all rows of the features, rows × units.",
    },
    Output {
        name: "fit",
        ty: Type::Fit,
        keyed: None,
        role: None,
        about: "`weights` (features × units), `intercept` (units), and the train `mean` of the features; of more features \
                than train rows only where it is read.",
    },
    Output {
        name: "alphas",
        ty: Type::Table,
        keyed: None,
        role: Some(Role::Penalties),
        about: "Per unit the penalty and the variance explained over train rows by fits that have not seen them.",
    },
];

/// What stands beside the penalties: how well fits with them explain train rows.
pub const MEASURES: &[Measure] = &[EXPLAINED_VARIANCE];

/// Products of all rows of features with one another, by the features' digest.
pub const GRAM: Product = Product { name: "gram", version: 2 };

/// The sum of every row of features, by the features' digest; made in the pass that makes their Gram matrix.
pub const ROWSUM: Product = Product { name: "rowsum", version: 1 };

/// The stand-in of a computation that reads the features' Gram matrix alone unless one of some ports is wanted.
pub fn stand_ins(wanted: &BTreeSet<String>, needing: &[&str]) -> Vec<(&'static str, Product)> {
    if needing.iter().any(|port| wanted.contains(*port)) { Vec::new() } else { vec![("features", GRAM)] }
}
