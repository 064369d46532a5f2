//! Optimizers as arithmetic on tensors, with a state that can be written down.
//!
//! For a parameter θ with gradient g at step t, learning rate η and weight decay λ, as PyTorch has them:
//! - SGD (Sutskever et al. 2013): g ← g + λθ, b ← μb + g (b = g at the first step), θ ← θ − ηb.
//! - Adam (Kingma and Ba 2015, arXiv:1412.6980): g ← g + λθ, m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
//!   θ ← θ − η m̂ / (√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ).
//! - AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): θ ← θ − ηλθ, then Adam with λ = 0.

use tch::Tensor;

use crate::nets::learn::rule::Rule;

/// Decay of the two moments, and what keeps the root from 0.
const BETA: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// How fast a parameter moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    pub rate: f64,
    pub decay: f64,
}

/// What a rule remembers of each parameter, in their order.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    /// μ, of SGD.
    momentum: f64,
    /// Steps that each parameter has taken: one that a loss does not reach takes none.
    pub steps: Vec<u64>,
    /// Velocities (SGD with momentum), or first and second moments; shaped as the parameters.
    pub first: Vec<Tensor>,
    pub second: Vec<Tensor>,
}

impl Optimizer {
    /// Nothing remembered yet, for parameters of these shapes.
    pub fn new(rule: Rule, momentum: f64, parameters: &[Tensor]) -> Self {
        let zeros = || parameters.iter().map(|p| p.detach().zeros_like()).collect::<Vec<_>>();
        let (first, second) = match rule {
            Rule::Sgd if momentum == 0.0 => (Vec::new(), Vec::new()),
            Rule::Sgd => (zeros(), Vec::new()),
            Rule::Adam | Rule::AdamW => (zeros(), zeros()),
        };
        Self { rule, momentum, steps: vec![0; parameters.len()], first, second }
    }

    /// Moves the parameters against their gradients, each by its learning rate and weight decay.
    pub fn step(&mut self, parameters: &mut [Tensor], gradients: &[Tensor], pace: &[Pace]) {
        let _guard = tch::no_grad_guard();
        for (at, (parameter, gradient)) in parameters.iter_mut().zip(gradients).enumerate() {
            if !gradient.defined() {
                continue;
            }
            let Pace { rate, decay } = pace[at];
            self.steps[at] += 1;
            match self.rule {
                Rule::Sgd => {
                    let decayed = if decay == 0.0 { gradient.shallow_clone() } else { gradient + &*parameter * decay };
                    let direction = match self.first.get_mut(at) {
                        None => decayed,
                        Some(velocity) => {
                            let _ = velocity.g_mul_scalar_(self.momentum).g_add_(&decayed);
                            velocity.shallow_clone()
                        }
                    };
                    let _ = parameter.g_add_(&(direction * -rate));
                }
                Rule::Adam | Rule::AdamW => {
                    let decoupled = self.rule == Rule::AdamW;
                    if decoupled && decay != 0.0 {
                        let _ = parameter.g_mul_scalar_(1.0 - rate * decay);
                    }
                    let coupled = (!decoupled && decay != 0.0).then(|| gradient + &*parameter * decay);
                    let gradient = coupled.as_ref().unwrap_or(gradient);
                    let (first, second) = (&mut self.first[at], &mut self.second[at]);
                    let _ = first.lerp_(gradient, 1.0 - BETA.0);
                    let _ = second.g_mul_scalar_(BETA.1).g_add_(&(gradient.square() * (1.0 - BETA.1)));
                    let t = self.steps[at] as i32;
                    let (bias1, bias2) = (1.0 - BETA.0.powi(t), 1.0 - BETA.1.powi(t));
                    let root = second.sqrt().g_div_scalar_(bias2.sqrt()).g_add_scalar_(EPSILON);
                    let _ = parameter.g_add_(&(&*first / root * (-rate / bias1)));
                }
            }
        }
    }
}

/// Scales gradients down to a joint norm of at most `most` (Pascanu et al. 2013); gives the norm before.
pub fn clip(gradients: &mut [Tensor], most: f64) -> f64 {
    let _guard = tch::no_grad_guard();
    let squares = gradients.iter().filter(|g| g.defined()).map(|g| g.square().sum(tch::Kind::Double).double_value(&[]));
    let norm = squares.sum::<f64>().sqrt();
    let factor = most / (norm + 1e-6);
    if factor < 1.0 {
        for gradient in gradients.iter_mut().filter(|g| g.defined()) {
            let _ = gradient.g_mul_scalar_(factor);
        }
    }
    norm
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    /// tests/oracles/training.py made it with torch.optim.
    const REFERENCES: &str = include_str!("../../../tests/oracles/training.json");

    const PACE: Pace = Pace { rate: 0.1, decay: 0.01 };

    fn tensor(json: &Json) -> Tensor {
        let numbers: Vec<f64> = serde_json::from_value(json.clone()).expect("numbers");
        Tensor::from_slice(&numbers)
    }

    #[test]
    fn steps_are_those_of_torch_optim() {
        let references: Json = serde_json::from_str(REFERENCES).expect("the script wrote JSON");
        let cases = references["optimizers"].as_array().expect("a list");
        assert!(cases.len() >= 6);
        for case in cases {
            let rule = match case["rule"].as_str().expect("a word") {
                "sgd" => Rule::Sgd,
                "adam" => Rule::Adam,
                _ => Rule::AdamW,
            };
            let momentum = case["momentum"].as_f64().unwrap_or(0.0);
            let (rate, decay) = (case["rate"].as_f64().expect("rate"), case["decay"].as_f64().expect("decay"));
            let mut parameters = [tensor(&case["start"])];
            let mut optimizer = Optimizer::new(rule, momentum, &parameters);
            for (gradient, after) in
                case["gradients"].as_array().expect("a list").iter().zip(case["after"].as_array().expect("a list"))
            {
                optimizer.step(&mut parameters, &[tensor(gradient)], &[Pace { rate, decay }]);
                let off = (&parameters[0] - tensor(after)).abs().max().double_value(&[]);
                assert!(off < 1e-12, "{case}: off by {off}");
            }
        }
    }

    #[test]
    fn a_state_that_is_put_back_goes_on_with_the_same_bits() {
        let gradient = |t: i64| Tensor::from_slice(&[0.3_f32 * t as f32, -1.0, 0.01]);
        for rule in [Rule::Sgd, Rule::Adam, Rule::AdamW] {
            let mut whole = [Tensor::from_slice(&[1.0_f32, 2.0, 3.0])];
            let mut optimizer = Optimizer::new(rule, 0.9, &whole);
            for t in 0..3 {
                optimizer.step(&mut whole, &[gradient(t)], &[PACE]);
            }
            let mut other = [whole[0].copy()];
            let mut resumed = Optimizer::new(rule, 0.9, &other);
            resumed.steps.clone_from(&optimizer.steps);
            resumed.first = optimizer.first.iter().map(Tensor::copy).collect();
            resumed.second = optimizer.second.iter().map(Tensor::copy).collect();
            for t in 3..6 {
                optimizer.step(&mut whole, &[gradient(t)], &[PACE]);
                resumed.step(&mut other, &[gradient(t)], &[PACE]);
            }
            assert!(whole[0].equal(&other[0]), "{rule:?}");
        }
    }

    #[test]
    fn clipping_keeps_the_direction_and_limits_the_norm() {
        let mut gradients = [Tensor::from_slice(&[3.0, 0.0]), Tensor::from_slice(&[4.0])];
        assert!((clip(&mut gradients, 10.0) - 5.0).abs() < 1e-12);
        assert!((gradients[1].double_value(&[0]) - 4.0).abs() < 1e-12, "below the limit nothing changes");
        clip(&mut gradients, 1.0);
        assert!((gradients[0].double_value(&[0]) - 0.6).abs() < 1e-6);
        assert!((gradients[1].double_value(&[0]) - 0.8).abs() < 1e-6);
    }
}
