//! Learning rates over a training, as factors of the one that is given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bounds::{Positive, Rate};

/// How the learning rate goes over a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Schedule {
    /// As it is given, all through.
    Constant,
    /// Down to 0 by half a cosine.
    Cosine,
    /// Up for 30 % of the steps, then down to nearly 0.
    #[default]
    OneCycle,
    /// `{ every, factor }`: times `factor` after every `every` epochs.
    Step(Stairs),
}

/// A learning rate that falls in steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Stairs {
    /// Epochs from step to step.
    pub every: Positive,
    /// What the learning rate is multiplied by.
    #[serde(default = "tenth")]
    pub factor: Rate,
}

fn tenth() -> Rate {
    Rate::new(0.1)
}

/// The share of the steps in which one cycle rises, the divisor it starts with, and the one beyond that it ends with.
const RISE: f64 = 0.3;
const START: f64 = 25.0;
const END: f64 = 1e4;

impl Schedule {
    /// Whether a training of more epochs begins as one of fewer does.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Constant | Self::Step(_))
    }

    /// As a recipe writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
            Self::OneCycle => "one_cycle",
            Self::Step(_) => "step",
        }
    }

    /// The factor for a step, counted from 0 over all epochs, of `steps` an epoch.
    ///
    /// - `Step`: times `factor` after every `every` epochs.
    /// - `Cosine`: (1 + cos(π t))/2 over the whole, step by step (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts).
    /// - `OneCycle`: up by a cosine from 1/25 to 1 over the first 30 % of the steps, then down by a cosine to 1/250000, as
    ///   PyTorch's `OneCycleLR` (Smith and Topin 2018, arXiv:1708.07120).
    pub fn factor(self, step: usize, steps: usize, epochs: usize) -> f64 {
        let total = (steps * epochs) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Step(Stairs { every, factor }) => factor.get().powi((step / steps / every.get()) as i32),
            Self::Cosine => falling(step as f64 / total),
            Self::OneCycle => {
                let peak = RISE * total - 1.0;
                let at = step as f64;
                if at <= peak {
                    1.0 + (1.0 / START - 1.0) * falling(at / peak)
                } else {
                    let least = 1.0 / (START * END);
                    least + (1.0 - least) * falling((at - peak) / (total - 1.0 - peak))
                }
            }
        }
    }
}

/// From 1 to 0 by half a cosine.
fn falling(t: f64) -> f64 {
    f64::midpoint(1.0, (std::f64::consts::PI * t).cos())
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    /// tests/oracles/training.py made it with torch.optim.lr_scheduler.
    const REFERENCES: &str = include_str!("../../../tests/oracles/training.json");

    #[test]
    fn rates_are_those_of_torchs_schedulers() {
        let references: Json = serde_json::from_str(REFERENCES).expect("the script wrote JSON");
        for case in references["schedules"].as_array().expect("a list") {
            let schedule = match case["schedule"].as_str().expect("a word") {
                "constant" => Schedule::Constant,
                "step" => Schedule::Step(Stairs { every: Positive::new(2), factor: Rate::new(0.1) }),
                "cosine" => Schedule::Cosine,
                _ => Schedule::OneCycle,
            };
            let (steps, epochs) = (case["steps"].as_u64().unwrap() as usize, case["epochs"].as_u64().unwrap() as usize);
            let factors = case["factors"].as_array().expect("a list");
            assert_eq!(factors.len(), steps * epochs);
            for (step, theirs) in factors.iter().enumerate() {
                let (ours, theirs) = (schedule.factor(step, steps, epochs), theirs.as_f64().expect("a number"));
                assert!((ours - theirs).abs() < 1e-9, "{schedule:?} at {step}: {ours}, not {theirs}");
            }
        }
    }

    #[test]
    fn a_single_step_has_a_rate() {
        for schedule in [Schedule::Constant, Schedule::Cosine, Schedule::OneCycle] {
            assert!(schedule.factor(0, 1, 1).is_finite(), "{schedule:?}");
        }
    }
}
