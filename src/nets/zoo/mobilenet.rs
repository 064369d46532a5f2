//! MobileNet: version 2 (Sandler et al. 2018, arXiv:1801.04381) and version 3 (Howard et al. 2019, arXiv:1905.02244).

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::join::Gate;
use crate::nets::op::linear::Linear;
use crate::nets::op::norm::BatchNorm;
use crate::nets::op::pool::AveragePool;

/// Expansion, channels out, blocks and the first block's stride of each stage of version 2.
const STAGES: [(usize, usize, usize, usize); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

const LINEAR: Init = Init::of(Draw::Normal(0.01));

/// torchvision's `mobilenet_v2`.
pub fn v2(b: &mut Builder) {
    let norm = Norm { epsilon: 1e-5, activation: Some(Activation::Relu6) };
    let features = b.within("features", |b| {
        let mut wire = b.within("0", |b| conv_norm(b, IMAGES, conv(3, 32, 3).stride(2), norm));
        let (mut inputs, mut at) = (32, 1);
        for (expansion, outputs, count, first) in STAGES {
            for block in 0..count {
                let stride = if block == 0 { first } else { 1 };
                wire = b.within(&at.to_string(), |b| {
                    let inner = b.within("conv", |b| {
                        let hidden = inputs * expansion;
                        let (mut wire, mut names) = (wire, 0..);
                        let mut name = || names.next().map(|at: usize| at.to_string()).expect("numbers do not end");
                        if expansion > 1 {
                            wire = b.within(&name(), |b| conv_norm(b, wire, conv(inputs, hidden, 1), norm));
                        }
                        let deep = conv(hidden, hidden, 3).stride(stride).groups(hidden);
                        wire = b.within(&name(), |b| conv_norm(b, wire, deep, norm));
                        wire = b.conv(&name(), wire, conv(hidden, outputs, 1));
                        b.batch_norm(&name(), wire, outputs)
                    });
                    if stride == 1 && inputs == outputs { b.add(inner, wire) } else { inner }
                });
                (inputs, at) = (outputs, at + 1);
            }
        }
        b.within(&at.to_string(), |b| conv_norm(b, wire, conv(inputs, 1280, 1), norm))
    });
    let pooled = b.bare(AveragePool { size: 1 }, &[features]);
    let flat = b.flatten(pooled);
    b.within("classifier", |b| {
        let wire = b.identity("0", flat);
        b.linear("1", wire, Linear::new(1280, 1000).init(LINEAR))
    });
}

/// A block of version 3: kernel, channels between, channels out, whether it squeezes and excites, whether its activation
/// is hard swish (else ReLU), stride.
pub type Block = (usize, usize, usize, bool, bool, usize);

/// The blocks, and the width of the layer before the last.
pub type Version3 = (&'static [Block], usize);

pub const LARGE: Version3 = (
    &[
        (3, 16, 16, false, false, 1),
        (3, 64, 24, false, false, 2),
        (3, 72, 24, false, false, 1),
        (5, 72, 40, true, false, 2),
        (5, 120, 40, true, false, 1),
        (5, 120, 40, true, false, 1),
        (3, 240, 80, false, true, 2),
        (3, 200, 80, false, true, 1),
        (3, 184, 80, false, true, 1),
        (3, 184, 80, false, true, 1),
        (3, 480, 112, true, true, 1),
        (3, 672, 112, true, true, 1),
        (5, 672, 160, true, true, 2),
        (5, 960, 160, true, true, 1),
        (5, 960, 160, true, true, 1),
    ],
    1280,
);

pub const SMALL: Version3 = (
    &[
        (3, 16, 16, true, false, 2),
        (3, 72, 24, false, false, 2),
        (3, 88, 24, false, false, 1),
        (5, 96, 40, true, true, 2),
        (5, 240, 40, true, true, 1),
        (5, 240, 40, true, true, 1),
        (5, 120, 48, true, true, 1),
        (5, 144, 48, true, true, 1),
        (5, 288, 96, true, true, 2),
        (5, 576, 96, true, true, 1),
        (5, 576, 96, true, true, 1),
    ],
    1024,
);

pub fn v3(b: &mut Builder, (blocks, width): Version3) {
    let norm = |activation| Norm { epsilon: 1e-3, activation };
    let swish = norm(Some(Activation::HardSwish));
    let mut inputs = 16;
    let features = b.within("features", |b| {
        let mut wire = b.within("0", |b| conv_norm(b, IMAGES, conv(3, inputs, 3).stride(2), swish));
        for (at, &(kernel, hidden, outputs, excites, hard, stride)) in (1..).zip(blocks) {
            let inner = norm(Some(if hard { Activation::HardSwish } else { Activation::Relu }));
            wire = b.within(&at.to_string(), |b: &mut Builder| {
                let block = b.within("block", |b| {
                    let (mut wire, mut names) = (wire, 0..);
                    let mut name = || names.next().map(|at: usize| at.to_string()).expect("numbers do not end");
                    if hidden != inputs {
                        wire = b.within(&name(), |b| conv_norm(b, wire, conv(inputs, hidden, 1), inner));
                    }
                    let deep = conv(hidden, hidden, kernel).stride(stride).groups(hidden);
                    wire = b.within(&name(), |b| conv_norm(b, wire, deep, inner));
                    if excites {
                        let gate = [Activation::Relu, Activation::HardSigmoid];
                        wire = b.within(&name(), |b| excite(b, wire, hidden, eighths(hidden / 4), gate));
                    }
                    b.within(&name(), |b| conv_norm(b, wire, conv(hidden, outputs, 1), norm(None)))
                });
                if stride == 1 && inputs == outputs { b.add(block, wire) } else { block }
            });
            inputs = outputs;
        }
        b.within(&(blocks.len() + 1).to_string(), |b| conv_norm(b, wire, conv(inputs, 6 * inputs, 1), swish))
    });
    let pooled = b.average_pool("avgpool", features, 1);
    let flat = b.flatten(pooled);
    b.within("classifier", |b| {
        let wire = b.linear("0", flat, Linear::new(6 * inputs, width).init(LINEAR));
        let wire = b.activation("1", wire, Activation::HardSwish);
        let wire = b.identity("2", wire);
        b.linear("3", wire, Linear::new(width, 1000).init(LINEAR))
    });
}

/// What follows a convolution: a batch norm with this ε, then this.
#[derive(Clone, Copy)]
pub struct Norm {
    pub epsilon: f64,
    pub activation: Option<Activation>,
}

/// torchvision's `Conv2dNormActivation`: `0`, `1` and, where there is an activation, `2`.
pub fn conv_norm(b: &mut Builder, from: Wire, conv: Conv, norm: Norm) -> Wire {
    let wire = b.conv("0", from, conv);
    let wire = b.module("1", BatchNorm { channels: conv.outputs, epsilon: norm.epsilon }, wire);
    norm.activation.map_or(wire, |activation| b.activation("2", wire, activation))
}

/// Squeeze and excitation: Hu et al. 2018 (arXiv:1709.01507); the activations of the two layers.
pub fn excite(b: &mut Builder, from: Wire, channels: usize, squeeze: usize, [inner, gate]: [Activation; 2]) -> Wire {
    let init = Init::of(Draw::KaimingOut);
    let wire = b.average_pool("avgpool", from, 1);
    let wire = b.conv("fc1", wire, Conv::new(channels, squeeze, 1).init(init));
    let wire = b.activation("activation", wire, inner);
    let wire = b.conv("fc2", wire, Conv::new(squeeze, channels, 1).init(init));
    let wire = b.activation("scale_activation", wire, gate);
    b.bare(Gate, &[wire, from])
}

/// A convolution before a batch norm, which keeps the size but for its stride.
pub fn conv(inputs: usize, outputs: usize, kernel: usize) -> Conv {
    Conv::new(inputs, outputs, kernel).same().unbiased().init(Init::of(Draw::KaimingOut))
}

/// The nearest multiple of eight, unless that takes away more than a tenth.
pub fn eighths(channels: usize) -> usize {
    let near = ((channels + 4) / 8 * 8).max(8);
    if near * 10 < channels * 9 { near + 8 } else { near }
}
