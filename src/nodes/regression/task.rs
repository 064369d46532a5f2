//! One fit as the linear readouts see it.

use std::rc::Rc;

use ndarray::Array2;

use crate::kind::KindError;
use crate::math::linear::folds::deal;
use crate::nodes::regression::products::Features;
use crate::value::lineage::Lineage;
use crate::value::stimuli::Stimulus;

/// One fit: features, the rows of them that are train, and the responses to these.
pub struct Task {
    pub fold: Option<usize>,
    pub features: Rc<Features>,
    /// Rows of `features`, ascending: the train rows that these units have responses to.
    pub train: Vec<usize>,
    /// Train rows × units.
    pub y: Array2<f64>,
    pub units: Vec<String>,
    /// Where these units stand among those of the responses, ascending.
    pub place: Vec<usize>,
    /// Everything that features and responses have seen, and this fit.
    pub lineage: Lineage,
}

impl Task {
    /// How many train rows there are, in a sentence that tells a unit's own from those of all.
    pub fn rows_in_words(&self, all: usize) -> String {
        match self.train.len() {
            rows if rows == all => format!("{rows} rows are train"),
            rows => format!("{rows} of {all} train rows have a response of unit `{}`", self.units[0]),
        }
    }

    /// The fold of each train row, dealt by stimulus identity, of `all` that the round has.
    pub fn dealt(&self, count: usize, all: usize) -> Result<Vec<usize>, KindError> {
        let rows = self.train.len();
        // Every fit needs three rows, as every fit does.
        let rule = match rows {
            rows if rows < rows.div_ceil(count) + 3 => "a fit without a fold needs 3 or more",
            rows if count > rows => "a fold needs 1 or more",
            _ => {
                let stimuli = self.features.stimuli.select(&self.train);
                let identities: Vec<u64> = stimuli.iter().map(Stimulus::identity).collect();
                return Ok(deal(&identities, count));
            }
        };
        Err(KindError::new(format!("`folds` is {count}, but {}; {rule}", self.rows_in_words(all))))
    }
}
