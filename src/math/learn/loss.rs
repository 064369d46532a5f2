//! What training makes small: errors of responses and of classes, and how two of them are weighed against each other.

use tch::{Kind, Tensor};

/// What stands for log 0 where a rate is nearly 0.
const LEAST_RATE: f64 = 1e-8;
/// How the weights of GradNorm themselves learn, and how strongly slower tasks are favoured (α; Chen et al. use 1.5 for
/// tasks that differ much, and less for those that are alike).
const GRADNORM_RATE: f64 = 0.025;
const GRADNORM_POWER: f64 = 1.5;

/// The mean of (ŷ − y)² over what `mask` counts (ones and zeros, shaped as both); all of it without a mask.
pub fn squared(predicted: &Tensor, target: &Tensor, mask: Option<&Tensor>) -> Tensor {
    masked_mean(&(predicted - target).square(), mask)
}

/// The mean of ŷ − y log ŷ: a Poisson distribution's negative log-likelihood but for what ŷ does not change. ŷ > 0.
pub fn poisson(predicted: &Tensor, target: &Tensor, mask: Option<&Tensor>) -> Tensor {
    masked_mean(&(predicted - target * (predicted + LEAST_RATE).log()), mask)
}

fn masked_mean(losses: &Tensor, mask: Option<&Tensor>) -> Tensor {
    match mask {
        None => losses.mean(Kind::Float),
        Some(mask) => (losses * mask).sum(Kind::Float) / mask.sum(Kind::Float).clamp_min(1.0),
    }
}

/// The mean of −log p of the right class over rows with one: `classes` holds its number, or −1 where it is unknown.
pub fn cross_entropy(logits: &Tensor, classes: &Tensor) -> Tensor {
    let known = classes.ge(0).to_kind(Kind::Float);
    let right = logits.log_softmax(-1, Kind::Float).gather(1, &classes.clamp_min(0).unsqueeze(1), false).squeeze_dim(1);
    -(right * &known).sum(Kind::Float) / known.sum(Kind::Float).clamp_min(1.0)
}

/// Kendall et al. 2018 (arXiv:1705.07115, eq. 10), with s = log σ² learned per task: ½e^(−s₁)·MSE + e^(−s₂)·CE + ½(s₁ + s₂).
/// `log_variances` holds s₁ and s₂.
pub fn by_uncertainty(squared: &Tensor, entropy: &Tensor, log_variances: &Tensor) -> Tensor {
    let [first, second] = [0, 1].map(|at| log_variances.get(at));
    (-&first).exp() * squared * 0.5 + (-&second).exp() * entropy + (first + second) * 0.5
}

/// The weights that uncertainties come to: those of the MSE and of the cross-entropy.
pub fn uncertainty_weights(log_variances: [f64; 2]) -> [f64; 2] {
    [0.5 * (-log_variances[0]).exp(), (-log_variances[1]).exp()]
}

/// One step of GradNorm (Chen et al. 2018, arXiv:1711.02257, eq. 1 and 2) for two tasks.
///
/// With Gᵢ = wᵢ·‖∇Lᵢ‖ over the last shared weights, their mean Ḡ and the relative inverse training rates
/// rᵢ = (Lᵢ/Lᵢ₀) / mean, the weights move against the gradient of Σ|Gᵢ − Ḡ·rᵢ^α|, the second term held constant, and are
/// scaled to the sum 2. `norms` are ‖∇Lᵢ‖ without weights; `losses` and `first` the losses now and at the first step.
pub fn gradnorm(weights: [f64; 2], norms: [f64; 2], losses: [f64; 2], first: [f64; 2]) -> [f64; 2] {
    let weighted = [0, 1].map(|task| weights[task] * norms[task]);
    let mean = f64::midpoint(weighted[0], weighted[1]);
    let progress = [0, 1].map(|task| losses[task] / first[task].max(1e-12));
    let pace = f64::midpoint(progress[0], progress[1]).max(1e-12);
    let moved = [0, 1].map(|task| {
        let target = mean * (progress[task] / pace).powf(GRADNORM_POWER);
        // d|wᵢ·n − target|/dwᵢ is ±n; its size is that of the gradients, which differ by orders between networks.
        let slope = (weighted[task] - target) / mean.max(1e-12);
        (weights[task] - GRADNORM_RATE * slope.clamp(-1.0, 1.0)).max(1e-3)
    });
    let sum = moved[0] + moved[1];
    moved.map(|weight| 2.0 * weight / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6 * b.abs().max(1.0)
    }

    fn value(tensor: &Tensor) -> f64 {
        tensor.double_value(&[])
    }

    #[test]
    fn losses_are_those_of_their_formulas() {
        let predicted = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).view([2, 2]);
        let target = Tensor::from_slice(&[0.0_f32, 2.0, 1.0, 9.0]).view([2, 2]);
        assert!(near(value(&squared(&predicted, &target, None)), (1.0 + 0.0 + 4.0 + 25.0) / 4.0));
        let mask = Tensor::from_slice(&[1.0_f32, 1.0, 1.0, 0.0]).view([2, 2]);
        assert!(near(value(&squared(&predicted, &target, Some(&mask))), 5.0 / 3.0));
        let expected = (1.0 + (2.0 - 2.0 * 2.0_f64.ln()) + (3.0 - 3.0_f64.ln()) + (4.0 - 9.0 * 4.0_f64.ln())) / 4.0;
        assert!(near(value(&poisson(&predicted, &target, None)), expected));
        let classes = Tensor::from_slice(&[1_i64, -1]);
        let expected = (1.0_f64.exp() + 2.0_f64.exp()).ln() - 2.0;
        assert!(near(value(&cross_entropy(&predicted, &classes)), expected), "the second row has no class");
        let none = Tensor::from_slice(&[-1_i64, -1]);
        assert!(near(value(&cross_entropy(&predicted, &none)), 0.0));
    }

    /// By hand: the best σ² of a task is its own loss (MSE) or twice it, where the derivative by s is 0.
    #[test]
    fn uncertainty_settles_where_its_derivative_is_zero() {
        let (mse, entropy) = (Tensor::from(0.13_f32), Tensor::from(4.0_f32));
        let s = Tensor::from_slice(&[0.13_f32.ln(), 8.0_f32.ln()]).set_requires_grad(true);
        let loss = tch::with_grad(|| by_uncertainty(&mse, &entropy, &s));
        let expected = 0.5 + 0.5 + 0.5 * (0.13_f64.ln() + 8.0_f64.ln());
        assert!(near(value(&loss), expected), "{loss:?}");
        let gradient = Tensor::run_backward(&[loss], &[s], false, false).remove(0);
        assert!(gradient.abs().max().double_value(&[]) < 1e-6);
        let [response, class] = uncertainty_weights([0.13_f64.ln(), 8.0_f64.ln()]);
        assert!(near(response, 0.5 / 0.13) && near(class, 1.0 / 8.0));
    }

    /// By hand: with equal progress the task with the larger gradient loses weight, to (1 ∓ rate · min(1, excess)).
    #[test]
    fn gradnorm_takes_weight_from_the_larger_gradient() {
        // G = (1, 9), mean 5; slopes −0.8 and 0.8.
        let [a, b] = gradnorm([1.0, 1.0], [1.0, 9.0], [1.0, 4.0], [1.0, 4.0]);
        assert!(near(a, 1.0 + GRADNORM_RATE * 0.8) && near(b, 1.0 - GRADNORM_RATE * 0.8));
        // Equal gradients and equal progress: nothing moves.
        assert_eq!(gradnorm([1.0, 1.0], [3.0, 3.0], [0.5, 2.0], [1.0, 4.0]), [1.0, 1.0]);
        // The first task has halved its loss, the second has not: the second gains.
        let [a, b] = gradnorm([1.0, 1.0], [3.0, 3.0], [0.5, 4.0], [1.0, 4.0]);
        assert!(a < 1.0 && b > 1.0 && near(a + b, 2.0));
        // Long run: weighted gradients meet.
        let mut weights = [1.0, 1.0];
        for _ in 0..2000 {
            weights = gradnorm(weights, [1.0, 9.0], [1.0, 4.0], [1.0, 4.0]);
        }
        assert!((weights[0] / (9.0 * weights[1]) - 1.0).abs() < 0.05, "{weights:?}");
    }
}
