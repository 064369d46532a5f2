//! EfficientNet: Tan and Le 2019 (arXiv:1905.11946).

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::activation::Activation;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::linear::Linear;
use crate::nets::zoo::mobilenet::{Norm, conv, conv_norm, eighths, excite};

/// Width and depth in tenths of B0's.
pub type Scale = (usize, usize);

pub const B0: Scale = (10, 10);
pub const B1: Scale = (10, 11);
pub const B2: Scale = (11, 12);
pub const B3: Scale = (12, 14);

/// Expansion, kernel, the first block's stride, channels out and blocks of each stage of B0.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];

const SILU: Norm = Norm { epsilon: 1e-5, activation: Some(Activation::Silu) };

pub fn build(b: &mut Builder, (width, depth): Scale) {
    // Multiples of eight, rounded as the authors do, in tenths so that no float decides.
    let wide = |channels: usize| {
        let near = (channels * width + 40) / 80 * 8;
        if near * 100 < channels * width * 9 { near + 8 } else { near }
    };
    let mut inputs = wide(32);
    let features = b.within("features", |b| {
        let mut wire = b.within("0", |b| conv_norm(b, IMAGES, conv(3, inputs, 3).stride(2), SILU));
        for (at, (expansion, kernel, first, channels, blocks)) in (1..).zip(STAGES) {
            wire = b.within(&at.to_string(), |b| {
                for block in 0..(blocks * depth).div_ceil(10) {
                    let stride = if block == 0 { first } else { 1 };
                    let outputs = wide(channels);
                    let shape = Shape { inputs, outputs, expansion, kernel, stride };
                    wire = b.within(&block.to_string(), |b| inverted(b, wire, shape));
                    inputs = outputs;
                }
                wire
            });
        }
        b.within("8", |b| conv_norm(b, wire, conv(inputs, 4 * inputs, 1), SILU))
    });
    let pooled = b.average_pool("avgpool", features, 1);
    let flat = b.flatten(pooled);
    b.within("classifier", |b| {
        let wire = b.identity("0", flat);
        b.linear("1", wire, Linear::new(4 * inputs, 1000).init(Init::of(Draw::Uniform(1000_f32.sqrt().recip()))))
    });
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: usize,
    outputs: usize,
    expansion: usize,
    kernel: usize,
    stride: usize,
}

fn inverted(b: &mut Builder, from: Wire, shape: Shape) -> Wire {
    let Shape { inputs, outputs, expansion, kernel, stride } = shape;
    let hidden = eighths(inputs * expansion);
    let block = b.within("block", |b| {
        let (mut wire, mut names) = (from, 0..);
        let mut name = || names.next().map(|at: usize| at.to_string()).expect("numbers do not end");
        if hidden != inputs {
            wire = b.within(&name(), |b| conv_norm(b, wire, conv(inputs, hidden, 1), SILU));
        }
        let deep = conv(hidden, hidden, kernel).stride(stride).groups(hidden);
        wire = b.within(&name(), |b| conv_norm(b, wire, deep, SILU));
        let gate = [Activation::Silu, Activation::Sigmoid];
        wire = b.within(&name(), |b| excite(b, wire, hidden, (inputs / 4).max(1), gate));
        let last = Norm { activation: None, ..SILU };
        b.within(&name(), |b| conv_norm(b, wire, conv(hidden, outputs, 1), last))
    });
    if stride > 1 || inputs != outputs {
        return block;
    }
    let block = b.identity("stochastic_depth", block);
    b.add(block, from)
}
