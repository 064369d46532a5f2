//! What a training's history holds by epoch, and how its curves are drawn.

use crate::kind::Measure;
use crate::kind::measure::{Curve, Part};

const TRAINING: &str = "training";
const VALIDATION: &str = "validation";

/// A curve among those that validate.
const CURVE: Curve =
    Curve { panel: "", axis: "", of: VALIDATION, fitted: false, defined: "", judges: false, log: false };

const fn measure(name: &'static str, definition: &'static str, curve: Curve) -> Measure {
    Measure { name, definition, part: Part::Curve(curve), ..Measure::PLAIN }
}

const fn loss(panel: &'static str, axis: &'static str, fitted: bool) -> Curve {
    Curve { panel, axis, fitted, of: if fitted { TRAINING } else { VALIDATION }, ..CURVE }
}

pub const TRAIN_LOSS: Measure = measure(
    "train_loss",
    "the loss over the epoch's batches, while they were trained on",
    Curve { defined: "Train loss", ..loss("Loss", "Value of the loss", true) },
);
pub const VAL_LOSS: Measure = measure(
    "val_loss",
    "the same loss over the judging rows, in evaluation mode",
    Curve { defined: "Validation loss", judges: true, ..loss("Loss", "Value of the loss", false) },
);
pub const TRAIN_LOSS_RESPONSE: Measure = measure(
    "train_loss_response",
    "the responses' part of the train loss, not weighed",
    loss("Loss of the responses", "Mean squared error", true),
);
pub const VAL_LOSS_RESPONSE: Measure = measure(
    "val_loss_response",
    "the responses' loss over the judging rows",
    loss("Loss of the responses", "Mean squared error", false),
);
pub const TRAIN_LOSS_CLASS: Measure = measure(
    "train_loss_class",
    "the cross-entropy over the epoch's batches, not weighed",
    loss("Loss of the classes", "Cross-entropy (nats)", true),
);
pub const VAL_LOSS_CLASS: Measure = measure(
    "val_loss_class",
    "the cross-entropy over the judging rows",
    loss("Loss of the classes", "Cross-entropy (nats)", false),
);
pub const VAL_EXPLAINED_VARIANCE: Measure = measure(
    "val_explained_variance",
    "1 − Var(y − ŷ)/Var(y) over the judging rows, the mean over units that vary",
    Curve { panel: "Explained variance on validation", axis: "Fraction of variance", ..CURVE },
);
pub const VAL_R: Measure = measure(
    "val_r",
    "Pearson's r over the judging rows, the mean over units that vary",
    Curve { panel: "Correlation on validation", axis: "Pearson r", ..CURVE },
);
pub const VAL_ACCURACY: Measure = measure(
    "val_accuracy",
    "the share of judging rows whose likeliest class is theirs",
    Curve { panel: "Accuracy on validation", axis: "Fraction of stimuli", ..CURVE },
);
pub const WEIGHT_RESPONSE: Measure = measure(
    "weight_response",
    "what the responses' loss was multiplied by at the epoch's end",
    Curve { panel: "Weight of the loss", axis: "Weight", of: "responses", ..CURVE },
);
pub const WEIGHT_CLASS: Measure = measure(
    "weight_class",
    "what the cross-entropy was multiplied by at the epoch's end",
    Curve { panel: "Weight of the loss", axis: "Weight", of: "classes", ..CURVE },
);
pub const LEARNING_RATE: Measure = measure(
    "learning_rate",
    "the learning rate of the epoch's last step",
    Curve { panel: "Learning rate", axis: "Step size", log: true, ..CURVE },
);

/// Those of every training, in the order of their panels.
pub const MEASURES: &[Measure] = &[
    TRAIN_LOSS,
    VAL_LOSS,
    TRAIN_LOSS_RESPONSE,
    VAL_LOSS_RESPONSE,
    TRAIN_LOSS_CLASS,
    VAL_LOSS_CLASS,
    VAL_EXPLAINED_VARIANCE,
    VAL_R,
    VAL_ACCURACY,
    WEIGHT_RESPONSE,
    WEIGHT_CLASS,
    LEARNING_RATE,
];
