//! The parameter `rdm`: how two patterns differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A dissimilarity of patterns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Dissimilarity {
    /// 1 − Pearson's r over columns.
    #[default]
    Correlation,
    /// ‖x − y‖² by columns.
    Euclidean,
    /// 1 − x·y/(‖x‖‖y‖).
    Cosine,
    /// (x − y)ᵀΣ⁻¹(x − y) by units, Σ the units' noise covariance over repeats.
    Mahalanobis,
    /// The same from products of different repeats alone, which noise has no part in; below zero where there is nothing.
    Crossnobis,
}

impl Dissimilarity {
    /// Its name in a recipe.
    pub fn word(self) -> &'static str {
        match self {
            Self::Correlation => "correlation",
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
            Self::Mahalanobis => "mahalanobis",
            Self::Crossnobis => "crossnobis",
        }
    }

    /// Its definition, of patterns x and y of p columns.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Correlation => "1 − Pearson's r of two patterns over columns",
            Self::Euclidean => "‖x − y‖²/p",
            Self::Cosine => "1 − x·y/(‖x‖‖y‖)",
            Self::Mahalanobis => {
                "(x − y)ᵀΣ⁻¹(x − y)/p, Σ the noise covariance over repeats, shrunk to its diagonal (Ledoit & Wolf)"
            }
            Self::Crossnobis => {
                "mean over repeats k ≠ l of (x_k − y_k)ᵀΣ⁻¹(x_l − y_l)/p, Σ the noise covariance over repeats, shrunk to its \
                 diagonal (Ledoit & Wolf)"
            }
        }
    }

    /// Whether it needs repeats.
    pub fn needs_repeats(self) -> bool {
        matches!(self, Self::Mahalanobis | Self::Crossnobis)
    }
}
