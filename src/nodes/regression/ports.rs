//! The ports that all readouts have.

use crate::kind::{Arity, Input, Output};
use crate::value::Type;

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
        about: "Predicted responses of all rows of the features, rows × units.",
    },
    Output {
        name: "fit",
        ty: Type::Fit,
        keyed: None,
        about: "`weights` (features × units), `intercept` (units), and the train `mean` of the features.",
    },
    Output {
        name: "alphas",
        ty: Type::Table,
        keyed: None,
        about: "Per unit the penalty and the variance explained over train rows by fits that have not seen them.",
    },
];
