//! A measure as its kind declares it: what it is called, what it means, and how it is drawn.

/// A number that a kind gives per unit, class, component or epoch. Its name is a column, or a value in `column::MEASURE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    pub name: &'static str,
    /// In words and as a formula. A table may have its own, where parameters decide it; that one wins.
    pub definition: &'static str,
    /// As a sentence names it; the name itself, with spaces, where this is empty.
    pub label: &'static str,
    /// The unit of its axis; empty where it has none.
    pub unit: &'static str,
    /// Whether it is a share or a coefficient, printed as `.335`.
    pub share: bool,
    /// How much a page makes of it.
    pub weight: Weight,
    /// How a ceiling bounds it.
    pub ceiling: Ceiling,
    /// What the ends of an interval beside it are, such as `95 % interval by the jackknife`, where its table says nothing; empty where there
    /// is none.
    pub interval: &'static str,
    /// What it belongs to, where a role of its table reads it by that.
    pub part: Part,
    /// A short form for a note beside a picture, such as `EV`; the name where it is empty.
    pub sign: &'static str,
}

/// How much a page makes of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is the one that is spoken of, and that variants are judged by.
    First,
    /// It has a chart of its own beside the first.
    Charted,
    /// It stands in tables, and in charts that ask for it.
    Listed,
}

/// How the ceiling of responses bounds a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// Not at all.
    None,
    /// No model exceeds the value in that column of the same table.
    Column(&'static str),
    /// No model exceeds the square root of the value in that column of the same table.
    Root(&'static str),
    /// The best of models lies between the values in these columns of the same table.
    Band(&'static str, &'static str),
    /// What is measured is as alike in other subjects as the value in that column of the same table says: a yardstick, which a model may exceed.
    Between(&'static str),
    /// It is divided by the ceiling already.
    Corrected,
}

/// What a measure is to the role of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A number like others.
    Plain,
    /// Of a spectrum: the share of one component, and of it with those before.
    Share,
    Cumulative,
    /// Of accuracies: what guessing comes to.
    Chance,
    /// Of a history: a curve in a panel. The judging rows' loss says which epoch is the best.
    Curve(Curve),
}

/// A curve over epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// Its panel's heading; measures of one heading share an axis.
    pub panel: &'static str,
    /// The axis's title.
    pub axis: &'static str,
    /// What it is apart from others of its panel, such as `training`.
    pub of: &'static str,
    /// Whether it is of the rows that are fitted on, rather than of those that judge.
    pub fitted: bool,
    /// How a caption calls it that defines it; empty where it need not.
    pub defined: &'static str,
    /// Whether the epoch where it is lowest is the best.
    pub judges: bool,
    /// Whether it spans decades.
    pub log: bool,
}

impl Measure {
    /// A measure that stands in tables, to begin from.
    pub const PLAIN: Self = Self {
        name: "",
        definition: "",
        label: "",
        unit: "",
        share: false,
        weight: Weight::Listed,
        ceiling: Ceiling::None,
        interval: "",
        part: Part::Plain,
        sign: "",
    };

    /// What a sentence calls it.
    pub fn spoken(&self) -> String {
        if self.label.is_empty() { self.name.replace('_', " ") } else { self.label.to_owned() }
    }
}

/// The measure among some that is spoken of first.
pub fn first<'a>(measures: impl IntoIterator<Item = &'a Measure>) -> Option<&'a Measure> {
    measures.into_iter().find(|measure| measure.weight == Weight::First)
}
