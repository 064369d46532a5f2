//! What a step computes, with its tensors at hand.

use tch::{Kind, Tensor};

use crate::nets::graph::{Activation, Conv, Factorised, LAYER_NORM_EPSILON, Link, MaxPool, NORM, Op, Tokens};
use crate::runtime::winograd::Winograd;

/// An operation with its tensors.
pub enum Action {
    Conv {
        weight: Tensor,
        bias: Option<Tensor>,
        conv: Conv,
    },
    /// A convolution that may go faster, without gradients.
    Winograd(Box<Winograd>),
    BatchNorm {
        /// Scale, shift, mean and variance.
        parts: [Tensor; 4],
        epsilon: f64,
    },
    LayerNorm {
        weight: Tensor,
        bias: Tensor,
        maps: bool,
    },
    Activation(Activation),
    /// Overwrites its input.
    ActivationInPlace(Activation),
    MaxPool(MaxPool),
    AveragePool(i64),
    AverageWindow {
        kernel: i64,
        stride: i64,
        padding: i64,
    },
    Linear {
        weight: Tensor,
        bias: Tensor,
    },
    Flatten,
    Add,
    /// Overwrites its first input.
    AddInPlace,
    Gate,
    Scale(Tensor),
    Concat,
    /// ReLU of each input, channel after channel.
    ConcatRelu,
    ChannelsLast,
    ChannelsFirst,
    Sequence,
    Tokens {
        class: Tensor,
        position: Tensor,
        grid: i64,
    },
    Attention {
        heads: i64,
    },
    FirstToken,
    /// Does nothing in evaluation.
    Dropout,
    Factorised {
        mask: Tensor,
        weight: Tensor,
        bias: Tensor,
    },
    Gaussian {
        position: Tensor,
        weight: Tensor,
        bias: Tensor,
    },
    Unscale {
        scale: Tensor,
        shift: Tensor,
        link: Link,
    },
    Softmax,
}

impl Action {
    /// The operation as it stands, with `get` giving its tensors by the last part of their names.
    pub fn of(op: &Op, get: impl Fn(&str) -> Tensor) -> Self {
        match *op {
            Op::Conv(conv) => Self::Conv { weight: get("weight"), bias: conv.bias.then(|| get("bias")), conv },
            Op::BatchNorm { epsilon, .. } => Self::BatchNorm { parts: NORM.map(get), epsilon },
            Op::LayerNorm { maps, .. } => Self::LayerNorm { weight: get("weight"), bias: get("bias"), maps },
            Op::Activation(activation) => Self::Activation(activation),
            Op::MaxPool(pool) => Self::MaxPool(pool),
            Op::AveragePool { size } => Self::AveragePool(size as i64),
            Op::AverageWindow { kernel, stride, padding } => {
                Self::AverageWindow { kernel: kernel as i64, stride: stride as i64, padding: padding as i64 }
            }
            Op::Linear(linear) => {
                let [weight, bias] = linear.parts.map(get);
                Self::Linear { weight, bias }
            }
            Op::Flatten => Self::Flatten,
            Op::Add => Self::Add,
            Op::Gate => Self::Gate,
            Op::Scale { part, .. } => Self::Scale(get(part)),
            Op::Concat => Self::Concat,
            Op::ChannelsLast => Self::ChannelsLast,
            Op::ChannelsFirst => Self::ChannelsFirst,
            Op::Sequence => Self::Sequence,
            Op::Tokens(Tokens { class, position, grid, .. }) => {
                let [class, position] = [class, position].map(get);
                Self::Tokens { class, position, grid: grid as i64 }
            }
            Op::Attention { heads } => Self::Attention { heads: heads as i64 },
            Op::FirstToken => Self::FirstToken,
            Op::Dropout { .. } => Self::Dropout,
            Op::Factorised(Factorised { .. }) => {
                Self::Factorised { mask: get("mask"), weight: get("weight"), bias: get("bias") }
            }
            Op::Gaussian(_) => Self::Gaussian { position: get("position"), weight: get("weight"), bias: get("bias") },
            Op::Unscale { link, .. } => Self::Unscale { scale: get("scale"), shift: get("shift"), link },
            Op::Softmax => Self::Softmax,
        }
    }

    /// Its output for the wires it reads.
    pub fn run(&self, inputs: Vec<Tensor>) -> Tensor {
        let mut inputs = inputs.into_iter();
        let mut x = inputs.next().expect("every step reads a wire");
        let mut other = || inputs.next().expect("the step reads two wires");
        match self {
            Self::Conv { weight, bias, conv } => {
                let padding = conv.padding.map(|side| side as i64);
                x.conv2d(weight, bias.as_ref(), [conv.stride as i64; 2], padding, [1, 1], conv.groups as i64)
            }
            Self::Winograd(conv) => conv.run(&x),
            Self::BatchNorm { parts: [weight, bias, mean, variance], epsilon } => {
                let (weight, bias, mean, variance) = (Some(weight), Some(bias), Some(mean), Some(variance));
                x.batch_norm(weight, bias, mean, variance, false, 0.0, *epsilon, true)
            }
            Self::LayerNorm { weight, bias, maps } => {
                let norm = |x: &Tensor| {
                    let features = weight.size();
                    x.layer_norm(features, Some(weight), Some(bias), LAYER_NORM_EPSILON, true)
                };
                if *maps { norm(&last(&x)).permute([0, 3, 1, 2]) } else { norm(&x) }
            }
            Self::Activation(activation) => apply(*activation, &x),
            Self::ActivationInPlace(activation) => overwrite(*activation, &mut x),
            Self::MaxPool(pool) => {
                let [kernel, stride, padding] = [pool.kernel, pool.stride, pool.padding].map(|x| [x as i64; 2]);
                x.max_pool2d(kernel, stride, padding, [1, 1], pool.ceil)
            }
            Self::AveragePool(size) => x.adaptive_avg_pool2d([*size; 2]),
            Self::AverageWindow { kernel, stride, padding } => {
                x.avg_pool2d([*kernel; 2], [*stride; 2], [*padding; 2], false, true, None)
            }
            Self::Linear { weight, bias } => x.linear(weight, Some(bias)),
            Self::Flatten => x.flatten(1, -1),
            Self::Add => x + other(),
            Self::AddInPlace => x.g_add_(&other()),
            Self::Gate => x * other(),
            Self::Scale(factors) => x * factors,
            Self::Concat => {
                let all: Vec<Tensor> = std::iter::once(x).chain(inputs).collect();
                Tensor::cat(&all, 1)
            }
            Self::ConcatRelu => {
                let all: Vec<Tensor> = std::iter::once(x).chain(inputs).collect();
                concat_relu(&all)
            }
            Self::ChannelsLast => last(&x),
            Self::ChannelsFirst => x.permute([0, 3, 1, 2]),
            Self::Sequence => x.flatten(2, -1).transpose(1, 2),
            Self::Tokens { class, position, grid } => tokens(&x, class, position, *grid),
            Self::Attention { heads } => attention(&x, *heads),
            Self::FirstToken => x.select(1, 0),
            Self::Dropout => x,
            Self::Factorised { mask, weight, bias } => factorised(&x, mask, weight, bias),
            Self::Gaussian { position, weight, bias } => {
                let places = position.clamp(-1.0, 1.0).unsqueeze(0).expand([x.size()[0], -1, -1], false);
                gaussian(&x, &places, weight, bias)
            }
            Self::Unscale { scale, shift, link } => linked(&x, *link) * scale + shift,
            Self::Softmax => x.softmax(-1, None),
        }
    }
}

fn last(maps: &Tensor) -> Tensor {
    maps.permute([0, 2, 3, 1])
}

fn apply(activation: Activation, x: &Tensor) -> Tensor {
    match activation {
        Activation::Relu => x.relu(),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::HardSwish => x.hardswish(),
        Activation::HardSigmoid => x.hardsigmoid(),
        Activation::Silu => x.silu(),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Gelu => x.gelu("none"),
        Activation::Elu => x.elu(),
    }
}

fn overwrite(activation: Activation, x: &mut Tensor) -> Tensor {
    match activation {
        Activation::Relu => x.relu_(),
        Activation::Relu6 => x.clamp_(0.0, 6.0),
        Activation::HardSwish => x.hardswish_(),
        Activation::HardSigmoid => x.hardsigmoid_(),
        Activation::Silu => x.silu_(),
        Activation::Sigmoid => x.sigmoid_(),
        Activation::Gelu => x.gelu_("none"),
        Activation::Elu => x.elu_(),
    }
}

/// Adds this to a grid's sides before they are divided by those of the grid that positions were learned for, as
/// DINOv2 does against rounding.
const GRID_OFFSET: f64 = 0.1;

/// A class token before the patches, and positions added; those of another grid are interpolated.
fn tokens(maps: &Tensor, class: &Tensor, position: &Tensor, grid: i64) -> Tensor {
    let (n, features, height, width) = maps.size4().expect("maps have four axes");
    let patches = maps.flatten(2, -1).transpose(1, 2);
    let tokens = Tensor::cat(&[class.expand([n, 1, features], false), patches], 1);
    if (height, width) == (grid, grid) {
        return tokens + position;
    }
    let learned = position.narrow(1, 1, grid * grid).reshape([1, grid, grid, features]).permute([0, 3, 1, 2]);
    let scale = |side: i64| Some((side as f64 + GRID_OFFSET) / grid as f64);
    let there = learned.upsample_bicubic2d([height, width], false, scale(height), scale(width));
    let there = there.flatten(2, -1).transpose(1, 2);
    tokens + Tensor::cat(&[position.narrow(1, 0, 1), there], 1)
}

fn attention(joint: &Tensor, heads: i64) -> Tensor {
    let (n, tokens, triple) = joint.size3().expect("n × tokens × features");
    let features = triple / 3;
    let split = joint.view([n, tokens, 3, heads, features / heads]).permute([2, 0, 3, 1, 4]);
    let [query, key, value] = [0, 1, 2].map(|at| split.select(0, at));
    let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, None::<&Tensor>, 0.0, false, None, false);
    mixed.transpose(1, 2).reshape([n, tokens, features])
}

/// ReLU on the way into the concatenation: the same numbers as one after the other, with half the traffic.
fn concat_relu(inputs: &[Tensor]) -> Tensor {
    let (n, _, height, width) = inputs[0].size4().expect("maps have four axes");
    let channels: i64 = inputs.iter().map(|x| x.size()[1]).sum();
    let whole =
        Tensor::empty([n, height, width, channels], (inputs[0].kind(), inputs[0].device())).permute([0, 3, 1, 2]);
    let mut from = 0;
    for x in inputs {
        let count = x.size()[1];
        let _ = x.clamp_min_out(&whole.narrow(1, from, count), 0.0);
        from += count;
    }
    whole
}

/// Σ over places and channels of mask · weight · maps, plus the bias: n × channels × height × width to n × units.
fn factorised(maps: &Tensor, mask: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    // n × channels × units: what each unit's mask sees of each channel.
    let seen = maps.flatten(2, -1).matmul(&mask.flatten(1, -1).tr());
    (seen * weight.tr()).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float) + bias
}

/// The maps at n × units places (x, y in −1 … 1 from corner to corner, interpolated bilinearly), weighted: n × units.
pub fn gaussian(maps: &Tensor, places: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    // Modes of grid_sampler: 0 is bilinear, and 1 takes the nearest border beyond the maps.
    let there = maps.grid_sampler(&places.unsqueeze(2).to_kind(maps.kind()), 0, 1, true).squeeze_dim(3);
    (there * weight.tr()).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float) + bias
}

pub fn linked(x: &Tensor, link: Link) -> Tensor {
    match link {
        Link::Identity => x.shallow_clone(),
        Link::Softplus => x.softplus(),
    }
}
