//! What an output is to whoever reads results: reports find charts and tables by it, not by ports' names.

use crate::value::ty::Type;

/// What stands at an output port. Tables of one role have the columns that the role is read by, named in `kind::column`.
///
/// No part of any key: a role says how a result is shown, not what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Variants beside one another: a row per variant and measure, with its mean over units.
    Comparison,
    /// The same of each unit's mean over variants that are draws of one study.
    OverDraws,
    /// Scores per unit: a row per unit, a column per measure; variables in front where there are variants.
    Scores,
    /// Scores over units: a row per measure.
    Summary,
    /// Differences of variants, unit by unit: a row per pair and measure.
    Pairs,
    /// The share of each unit's variance that can be explained: a row per unit.
    Ceiling,
    /// What principal components explain: a row per component.
    Spectrum,
    /// The penalty that each unit chose, and the grid it chose from.
    Penalties,
    /// Variants of which one was chosen, each with its score.
    Choice,
    /// A training by epoch.
    History,
    /// Which class was taken for which, counted.
    Confusion,
    /// How well classes are told apart: a row per measure.
    Accuracy,
    /// The same by class.
    ClassAccuracy,
    /// Predicted responses, stimuli × units.
    Predictions,
    /// Pictures, of whatever kind.
    Pictures,
    /// How alike representations are: a row per pair of them.
    Similarity,
    /// How far measures rank variants alike: a row per pair of measures.
    Agreement,
    /// How measures rank variants: a row per measure and variant.
    Ranks,
    /// The same in the mean over subjects: a row per representation and region.
    OverSubjects,
    /// What each band of features has of what all explain: a row per unit and band, shares of a unit adding up to it.
    Shares,
    /// Dissimilarities of stimuli, pair by pair.
    Rdm,
    /// A table that is no more than that.
    Table,
    /// A matrix that is no more than that.
    Matrix,
}

impl Role {
    /// What it is called in a manual.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Comparison => "a comparison of variants",
            Self::OverDraws => "a comparison of means over draws",
            Self::Scores => "scores per unit",
            Self::Summary => "a summary over units",
            Self::Pairs => "differences between variants",
            Self::Ceiling => "a noise ceiling",
            Self::Spectrum => "a spectrum of principal components",
            Self::Penalties => "chosen penalties",
            Self::Choice => "a choice among variants",
            Self::History => "a training's history",
            Self::Confusion => "a confusion matrix",
            Self::Accuracy => "a classification's accuracy",
            Self::ClassAccuracy => "accuracy by class",
            Self::Predictions => "predicted responses",
            Self::Pictures => "pictures",
            Self::Similarity => "similarities of representations",
            Self::Agreement => "agreement of rankings",
            Self::Ranks => "rankings",
            Self::OverSubjects => "similarities in the mean over subjects",
            Self::Shares => "shares of explained variance",
            Self::Rdm => "dissimilarities of stimuli",
            Self::Table => "any table",
            Self::Matrix => "any matrix",
        }
    }

    /// What a type is where its port says nothing more.
    pub const fn of_type(ty: Type) -> Option<Self> {
        match ty {
            Type::Images => Some(Self::Pictures),
            Type::Table => Some(Self::Table),
            Type::Matrix => Some(Self::Matrix),
            Type::Rdm => Some(Self::Rdm),
            _ => None,
        }
    }
}
