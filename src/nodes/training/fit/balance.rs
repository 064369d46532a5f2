//! How much each of two tasks counts, and how that changes.

use tch::{Device, Kind, Tensor};

use crate::math::learn::loss;

/// The weighing of responses against classes.
pub enum Balance {
    /// The weight of responses; classes count 1.
    Fixed(f64),
    /// Learned variances (Kendall et al. 2018): log σ² of responses and classes.
    Uncertainty(Tensor),
    /// Weights that keep gradients alike (Chen et al. 2018), and the losses of the first step.
    GradNorm { weights: [f64; 2], first: Option<[f64; 2]> },
}

impl Balance {
    /// Variances of 1 to start from.
    pub fn uncertainty(device: Device) -> Self {
        Self::Uncertainty(Tensor::zeros([2], (Kind::Float, device)).set_requires_grad(true))
    }

    /// Equal weights to start from.
    pub fn gradnorm() -> Self {
        Self::GradNorm { weights: [1.0; 2], first: None }
    }

    /// The joint loss of responses and classes, where a batch has both; that of one where it has one.
    pub fn joint(&self, responses: Option<&Tensor>, classes: Option<&Tensor>) -> Tensor {
        match (self, responses, classes) {
            (Self::Uncertainty(s), Some(squared), Some(entropy)) => loss::by_uncertainty(squared, entropy, s),
            (Self::Uncertainty(s), Some(squared), None) => (-s.get(0)).exp() * squared * 0.5 + s.get(0) * 0.5,
            (Self::Uncertainty(s), None, Some(entropy)) => (-s.get(1)).exp() * entropy + s.get(1) * 0.5,
            (_, responses, classes) => {
                let [first, second] = self.weights();
                let parts = [responses.map(|loss| loss * first), classes.map(|loss| loss * second)];
                parts.into_iter().flatten().reduce(|a, b| a + b).expect("a batch has a task")
            }
        }
    }

    /// What each task's loss is multiplied by now.
    pub fn weights(&self) -> [f64; 2] {
        match self {
            Self::Fixed(lambda) => [*lambda, 1.0],
            Self::Uncertainty(s) => loss::uncertainty_weights([0, 1].map(|at| s.double_value(&[at]))),
            Self::GradNorm { weights, .. } => *weights,
        }
    }

    /// What it learns by gradients.
    pub fn parameter(&self) -> Option<&Tensor> {
        if let Self::Uncertainty(s) = self { Some(s) } else { None }
    }

    /// Learns from a batch that has both tasks, before their gradients are taken: `shared` are the last shared weights.
    pub fn learn(&mut self, responses: &Tensor, classes: &Tensor, shared: Option<&Tensor>) {
        let (Self::GradNorm { weights, first }, Some(shared)) = (self, shared) else { return };
        let losses = [responses, classes].map(|loss| loss.double_value(&[]));
        let first = *first.get_or_insert(losses);
        let norm = |loss: &Tensor| {
            let gradient = Tensor::run_backward(&[loss], &[shared], true, false).swap_remove(0);
            if gradient.defined() { gradient.square().sum(Kind::Double).double_value(&[]).sqrt() } else { 0.0 }
        };
        let norms = [norm(responses), norm(classes)];
        if norms.iter().chain(&losses).all(|x| x.is_finite() && *x > 0.0) {
            *weights = loss::gradnorm(*weights, norms, losses, first);
        }
    }

    /// What it has learned, as numbers.
    pub fn state(&self) -> Vec<f64> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Uncertainty(s) => [0, 1].map(|at| s.double_value(&[at])).to_vec(),
            Self::GradNorm { weights, first } => weights.iter().chain(first.iter().flatten()).copied().collect(),
        }
    }

    /// Takes what it had learned.
    pub fn restore(&mut self, state: &[f64]) {
        match self {
            Self::Fixed(_) => {}
            Self::Uncertainty(s) => {
                let _guard = tch::no_grad_guard();
                s.copy_(&Tensor::from_slice(&[state[0] as f32, state[1] as f32]));
            }
            Self::GradNorm { weights, first } => {
                *weights = [state[0], state[1]];
                *first = state.get(2).map(|&one| [one, state[3]]);
            }
        }
    }
}
