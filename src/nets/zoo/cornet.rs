//! CORnet-S: Kubilius et al. 2019 (arXiv:1909.06161), under its authors' names. A module that runs at several time steps
//! gives its last output.

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::layout::Flatten;
use crate::nets::op::linear::Linear;
use crate::nets::op::pool::MaxPool;

/// Area, channels out, and time steps of the recurrent areas.
const AREAS: [(&str, usize, usize); 3] = [("V2", 128, 2), ("V4", 256, 4), ("IT", 512, 2)];

/// How many times an area's channels its inner convolutions have.
const SCALE: usize = 4;

pub fn build(b: &mut Builder) {
    let mut inputs = 64;
    let mut wire = b.within("V1", |b| {
        let wire = b.conv("conv1", IMAGES, conv(3, inputs, 7).stride(2));
        let wire = b.batch_norm("norm1", wire, inputs);
        let wire = b.relu("nonlin1", wire);
        let wire = b.max_pool("pool", wire, MaxPool { padding: 1, ..MaxPool::new(3, 2) });
        let wire = b.conv("conv2", wire, conv(inputs, inputs, 3));
        let wire = b.batch_norm("norm2", wire, inputs);
        let wire = b.relu("nonlin2", wire);
        b.identity("output", wire)
    });
    for (area, outputs, times) in AREAS {
        wire = b.within(area, |b| recurrent(b, wire, inputs, outputs, times));
        inputs = outputs;
    }
    b.within("decoder", |b| {
        let wire = b.average_pool("avgpool", wire, 1);
        let wire = b.module("flatten", Flatten, wire);
        let wire = b.linear("linear", wire, Linear::new(inputs, 1000));
        b.identity("output", wire)
    });
}

fn recurrent(b: &mut Builder, from: Wire, inputs: usize, outputs: usize, times: usize) -> Wire {
    let inner = outputs * SCALE;
    let mut state = b.conv("conv_input", from, conv(inputs, outputs, 1));
    for t in 0..times {
        let stride = if t == 0 { 2 } else { 1 };
        let skip = if t == 0 {
            let wire = b.conv("skip", state, conv(outputs, outputs, 1).stride(stride));
            b.batch_norm("norm_skip", wire, outputs)
        } else {
            state
        };
        let wire = b.conv("conv1", state, conv(outputs, inner, 1));
        let wire = b.batch_norm(&format!("norm1_{t}"), wire, inner);
        let wire = b.relu("nonlin1", wire);
        let wire = b.conv("conv2", wire, conv(inner, inner, 3).stride(stride));
        let wire = b.batch_norm(&format!("norm2_{t}"), wire, inner);
        let wire = b.relu("nonlin2", wire);
        let wire = b.conv("conv3", wire, conv(inner, outputs, 1));
        let wire = b.batch_norm(&format!("norm3_{t}"), wire, outputs);
        let sum = b.add(wire, skip);
        let wire = b.relu("nonlin3", sum);
        state = b.identity("output", wire);
    }
    state
}

fn conv(inputs: usize, outputs: usize, kernel: usize) -> Conv {
    Conv::new(inputs, outputs, kernel).same().unbiased().init(Init::of(Draw::KaimingOut))
}
