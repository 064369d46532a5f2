//! The ports that both kinds of training have.

use crate::kind::{Arity, Input, Output, Role};
use crate::value::ty::Type;

pub const IMAGES: Input = Input {
    name: "images",
    types: &[Type::Images],
    arity: Arity::One,
    about: "What the network sees; predictions are of all of them.",
};
pub const SPLIT: Input =
    Input { name: "split", types: &[Type::Split], arity: Arity::One, about: "Which rows may be fitted on." };
pub const NETWORK: Input = Input {
    name: "network",
    types: &[Type::Network],
    arity: Arity::Optional,
    about: "A trained network whose trunk is trained on, instead of `architecture` or `model`.",
};
pub const TRAINED: Output = Output {
    name: "network",
    ty: Type::Network,
    keyed: None,
    role: None,
    about: "The trained network, with the best epoch's weights: for `predict`, and for `extract_layer` with `model: network`.",
};
pub const HISTORY: Output = Output {
    name: "history",
    ty: Type::Table,
    keyed: None,
    role: Some(Role::History),
    about: "A row per epoch: losses, scores of the judging rows, learning rate, seconds. Since seconds differ, so does its \
            digest between runs; predictions and network do not depend on them.",
};
