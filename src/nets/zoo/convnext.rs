//! ConvNeXt: Liu et al. 2022 (arXiv:2201.03545).

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::layout::{ChannelsFirst, ChannelsLast, Flatten};
use crate::nets::op::linear::Linear;
use crate::nets::op::norm::LayerNorm;
use crate::nets::op::scale::Scale;

/// Blocks and channels of each of the four stages.
pub type Stages = [(usize, usize); 4];

pub const TINY: Stages = [(3, 96), (3, 192), (9, 384), (3, 768)];
pub const BASE: Stages = [(3, 128), (3, 256), (27, 512), (3, 1024)];

const DRAW: Init = Init::of(Draw::Normal(0.02));

pub fn build(b: &mut Builder, stages: Stages) {
    let mut channels = stages[0].1;
    let features = b.within("features", |b| {
        let mut wire = b.within("0", |b| {
            let wire = b.conv("0", IMAGES, Conv::new(3, channels, 4).stride(4).init(DRAW));
            b.module("1", LayerNorm { features: channels, maps: true }, wire)
        });
        for (at, (blocks, outputs)) in stages.into_iter().enumerate() {
            if at > 0 {
                wire = b.within(&(2 * at).to_string(), |b| {
                    let wire = b.module("0", LayerNorm { features: channels, maps: true }, wire);
                    b.conv("1", wire, Conv::new(channels, outputs, 2).stride(2).init(DRAW))
                });
                channels = outputs;
            }
            wire = b.within(&(2 * at + 1).to_string(), |b| {
                for block in 0..blocks {
                    wire = b.within(&block.to_string(), |b| residual(b, wire, channels));
                }
                wire
            });
        }
        wire
    });
    let pooled = b.average_pool("avgpool", features, 1);
    b.within("classifier", |b| {
        let wire = b.module("0", LayerNorm { features: channels, maps: true }, pooled);
        let wire = b.module("1", Flatten, wire);
        b.linear("2", wire, Linear::new(channels, 1000).init(DRAW))
    });
}

fn residual(b: &mut Builder, from: Wire, channels: usize) -> Wire {
    let block = b.within("block", |b| {
        let wire = b.conv("0", from, Conv::new(channels, channels, 7).same().groups(channels).init(DRAW));
        let wire = b.module("1", ChannelsLast, wire);
        let wire = b.module("2", LayerNorm { features: channels, maps: false }, wire);
        let wire = b.linear("3", wire, Linear::new(channels, 4 * channels).init(DRAW));
        let wire = b.activation("4", wire, Activation::Gelu);
        let wire = b.linear("5", wire, Linear::new(4 * channels, channels).init(DRAW));
        b.module("6", ChannelsFirst, wire)
    });
    let scale = Scale { part: "layer_scale", features: channels, maps: true, init: 1e-6 };
    let scaled = b.bare(scale, &[block]);
    let scaled = b.identity("stochastic_depth", scaled);
    b.add(scaled, from)
}
