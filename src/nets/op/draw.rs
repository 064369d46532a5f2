//! The distributions that weights start from, as torchvision draws them.

use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Normal, Uniform};

/// How a step's weights and biases are drawn where none are given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Init {
    pub weight: Draw,
    pub bias: Draw,
}

impl Init {
    /// PyTorch's default.
    pub const TORCH: Self = Self { weight: Draw::FanIn, bias: Draw::FanIn };

    /// Weights so drawn, and biases 0.
    pub const fn of(weight: Draw) -> Self {
        Self { weight, bias: Draw::Zero }
    }
}

/// A distribution. `fan_in` is the number of inputs of an output, `fan_out` of outputs of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    Zero,
    /// Uniform within 1/√fan_in.
    FanIn,
    /// He et al. 2015 (arXiv:1502.01852), uniform within √(6/fan_in).
    KaimingUniform,
    /// He et al. 2015, normal with variance 2/fan_in.
    KaimingIn,
    /// He et al. 2015, normal with variance 2/fan_out.
    KaimingOut,
    /// Glorot and Bengio 2010, uniform within √(6/(fan_in + fan_out)).
    Xavier,
    /// Uniform within this bound.
    Uniform(f32),
    /// Normal with this deviation.
    Normal(f32),
}

impl Draw {
    /// The numbers of a tensor of `count`, of a step whose weight has a shape: outputs, inputs, window.
    pub fn numbers(self, weight: &[usize], count: usize, rng: &mut ChaCha12Rng) -> Vec<f32> {
        let window: usize = weight[2..].iter().product();
        let (fan_in, fan_out) = ((weight[1] * window) as f32, (weight[0] * window) as f32);
        match self {
            Self::Zero => vec![0.0; count],
            Self::FanIn => uniform(fan_in.sqrt().recip(), count, rng),
            Self::KaimingUniform => uniform((6.0 / fan_in).sqrt(), count, rng),
            Self::KaimingIn => normal((2.0 / fan_in).sqrt(), count, rng),
            Self::KaimingOut => normal((2.0 / fan_out).sqrt(), count, rng),
            Self::Xavier => uniform((6.0 / (fan_in + fan_out)).sqrt(), count, rng),
            Self::Uniform(bound) => uniform(bound, count, rng),
            Self::Normal(deviation) => normal(deviation, count, rng),
        }
    }
}

/// Numbers that lie evenly within ± `bound`.
pub fn uniform(bound: f32, count: usize, rng: &mut ChaCha12Rng) -> Vec<f32> {
    let uniform = Uniform::new_inclusive(-bound, bound).expect("a positive bound");
    uniform.sample_iter(rng).take(count).collect()
}

/// Normal numbers around 0.
pub fn normal(deviation: f32, count: usize, rng: &mut ChaCha12Rng) -> Vec<f32> {
    let normal = Normal::new(0.0, deviation).expect("a positive deviation");
    normal.sample_iter(rng).take(count).collect()
}
