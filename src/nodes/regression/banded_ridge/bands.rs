//! The bands of one round: their features, joined by stimulus, and their centred products with train rows, scaled alike.

use std::rc::Rc;

use tch::Tensor;

use crate::kind::{KindError, Run};
use crate::math::tensor::rows;
use crate::nodes::regression::products::Features;
use crate::nodes::sides::{Side, sides};
use crate::value::lineage::Lineage;

/// What arrives at `features`, by reference.
pub struct Arriving {
    sides: Vec<Side>,
    /// What each is called; no two alike.
    pub names: Vec<String>,
}

impl Arriving {
    pub fn of(run: &Run<'_>) -> Result<Self, KindError> {
        let sides = sides(run.arrivals("features"))?;
        if sides.len() < 2 {
            return Err(KindError::new(format!(
                "{} band arrives at `features`, and there is nothing to weigh; name two or more, or fit one by `ridge`",
                sides.len()
            )));
        }
        let mut names: Vec<String> = Vec::with_capacity(sides.len());
        for (at, side) in sides.iter().enumerate() {
            let number = (at + 1).to_string();
            let name = if side.name.is_empty() { number.clone() } else { side.name.clone() };
            names.push(if names.contains(&name) { format!("{name} ({number})") } else { name });
        }
        Ok(Self { sides, names })
    }

    /// Reads the bands of a round.
    pub fn bands(&self, fold: Option<usize>, run: &mut Run<'_>) -> Result<Bands, KindError> {
        let mut bands = Vec::with_capacity(self.sides.len());
        for (at, side) in self.sides.iter().enumerate() {
            let arrival = side.arrival(at, fold)?.clone();
            bands.push(Rc::new(Features::of(&arrival, &self.called(at), run)?));
        }
        let first = &bands[0];
        let mut order = Vec::with_capacity(bands.len());
        for (at, band) in bands.iter().enumerate() {
            order.push(first.stimuli.align(&band.stimuli, &self.called(0), &self.called(at))?);
            if band.rows != first.rows {
                return Err(KindError::new(format!(
                    "{} has {} rows but {} has {}; bands have the same stimuli",
                    self.called(0),
                    first.rows,
                    self.called(at),
                    band.rows
                )));
            }
        }
        Ok(Bands { names: self.names.clone(), features: bands, order })
    }

    fn called(&self, at: usize) -> String {
        format!("band {}", self.names[at])
    }
}

/// The bands of one round. Rows are those of the first.
pub struct Bands {
    pub names: Vec<String>,
    pub features: Vec<Rc<Features>>,
    /// Per band, where each row of the first stands in it.
    order: Vec<Vec<usize>>,
}

/// One band's products with train rows.
pub struct Kernel {
    /// All rows × train rows, centred by these, times `scale`.
    pub all: Tensor,
    /// The train rows of `all`, of trace n.
    pub inside: Tensor,
    pub scale: f64,
}

impl Bands {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.features.len()
    }

    /// Where rows of the first band stand in another.
    pub fn rows_of(&self, band: usize, rows: &[usize]) -> Vec<usize> {
        rows.iter().map(|&row| self.order[band][row]).collect()
    }

    /// Everything that any band has seen.
    pub fn lineage(&self) -> Lineage {
        Lineage::merge(self.features.iter().map(|band| &band.lineage))
    }

    /// The products of every band for some train rows.
    pub fn kernels(&self, train: &[usize], run: &mut Run<'_>) -> Result<Vec<Kernel>, KindError> {
        let mut out = Vec::with_capacity(self.count());
        // Each band's products twice, a candidate's, and what its reduction turns.
        let more = 2 * self.count() + 2;
        for (at, band) in self.features.iter().enumerate() {
            let theirs = self.rows_of(at, train);
            let named = |error: KindError| KindError::new(format!("band {}: {}", self.names[at], error.message));
            let dual = band.dual(&theirs, false, more, run).map_err(named)?;
            if dual.trace <= dual.noise {
                return Err(KindError::new(format!(
                    "all {} train rows of band {} are the same; a band needs features that vary",
                    train.len(),
                    self.names[at]
                )));
            }
            let scale = train.len() as f64 / dual.trace;
            let all = rows(&dual.to_train, &self.order[at]) * scale;
            out.push(Kernel { inside: rows(&all, train), all, scale });
        }
        Ok(out)
    }
}
