//! Which axis of an array of responses is which, and how its rows follow names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which axis of an array of responses is which, the first first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A third axis is repeats.
    UnitsByStimuli,
    /// A third axis is repeats.
    StimuliByUnits,
    RepeatsStimuliUnits,
    RepeatsUnitsStimuli,
    StimuliRepeatsUnits,
    UnitsRepeatsStimuli,
}

/// How rows without names follow stimuli that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By the numbers in the names as numbers: 1, 2, 10.
    Natural,
    /// By the names as texts: 1, 10, 2.
    ByName,
    /// As the named side stands.
    AsGiven,
}

/// What stands between the cells of a text table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    Comma,
    Semicolon,
    Tab,
    Bar,
}

impl Separator {
    /// The character.
    pub fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
            Self::Bar => '|',
        }
    }
}

/// What stands before the fraction of a number in a text table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    Point,
    Comma,
}

impl Decimal {
    /// The character.
    pub fn character(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// What an axis is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Stimuli,
    Units,
    Repeats,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::UnitsByStimuli,
        Self::StimuliByUnits,
        Self::RepeatsStimuliUnits,
        Self::RepeatsUnitsStimuli,
        Self::StimuliRepeatsUnits,
        Self::UnitsRepeatsStimuli,
    ];

    /// The axes in order; of two, those that come first in `units_by_stimuli` and `stimuli_by_units`.
    pub fn axes(self) -> [Axis; 3] {
        use Axis::{Repeats, Stimuli, Units};
        match self {
            Self::UnitsByStimuli => [Units, Stimuli, Repeats],
            Self::StimuliByUnits => [Stimuli, Units, Repeats],
            Self::RepeatsStimuliUnits => [Repeats, Stimuli, Units],
            Self::RepeatsUnitsStimuli => [Repeats, Units, Stimuli],
            Self::StimuliRepeatsUnits => [Stimuli, Repeats, Units],
            Self::UnitsRepeatsStimuli => [Units, Repeats, Stimuli],
        }
    }

    /// The length of an array along an axis; 1 of repeats that it has not.
    pub fn along(self, axis: Axis, shape: &[usize]) -> Option<usize> {
        let place = self.axes().iter().position(|one| *one == axis)?;
        Some(shape.get(place).copied().unwrap_or(1))
    }

    /// The other layouts by which an array has so many stimuli, as a recipe writes them.
    pub fn others(self, shape: &[usize], stimuli: usize) -> impl Iterator<Item = &'static str> {
        let others = Self::ALL.into_iter().filter(move |other| *other != self);
        let others = others.filter(|other| shape.len() == 3 || other.takes_two());
        let fits = others.filter(move |other| other.along(Axis::Stimuli, shape) == Some(stimuli));
        fits.map(Self::name)
    }

    /// Whether an array of two axes has this layout: without repeats.
    pub fn takes_two(self) -> bool {
        matches!(self, Self::UnitsByStimuli | Self::StimuliByUnits)
    }

    /// As a recipe writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnitsByStimuli => "units_by_stimuli",
            Self::StimuliByUnits => "stimuli_by_units",
            Self::RepeatsStimuliUnits => "repeats_stimuli_units",
            Self::RepeatsUnitsStimuli => "repeats_units_stimuli",
            Self::StimuliRepeatsUnits => "stimuli_repeats_units",
            Self::UnitsRepeatsStimuli => "units_repeats_stimuli",
        }
    }
}

/// Where regions and subjects of units come from, for whoever looks for them where responses are loaded.
pub const OF_UNITS: &[(&str, &str)] =
    &[("regions", REGIONS), ("region", REGIONS), ("subjects", SUBJECTS), ("subject", SUBJECTS)];

const REGIONS: &str = "where units lie is said by a table with a row per unit: `units: { kind: load_units, in: { responses: … }, with: \
                       { path: data/units.csv } }` reads its column `region`, and `select_units` with `regions: [IT]` keeps the units \
                       of `units.responses` that lie there";
const SUBJECTS: &str = "whose units they are is said by a table with a row per unit: `units: { kind: load_units, in: { responses: … }, \
                        with: { path: data/units.csv } }` reads its column `subject`, and `select_units` with `subjects: [m1]` keeps \
                        the units of `units.responses` that are of them";
