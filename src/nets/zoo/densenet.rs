//! DenseNet: Huang et al. 2017 (arXiv:1608.06993), with growth rate 32 and bottlenecks.

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::linear::Linear;
use crate::nets::op::pool::{AveragePool, AverageWindow, MaxPool};

/// Dense layers in each of the four blocks.
pub type Depths = [usize; 4];

pub const DENSENET121: Depths = [6, 12, 24, 16];
pub const DENSENET169: Depths = [6, 12, 32, 32];
pub const DENSENET201: Depths = [6, 12, 48, 32];

/// Channels that each dense layer adds, and those of its bottleneck.
const GROWTH: usize = 32;
const BOTTLENECK: usize = 4 * GROWTH;

pub fn build(b: &mut Builder, depths: Depths) {
    let mut channels = 64;
    let features = b.within("features", |b| {
        let wire = b.conv("conv0", IMAGES, conv(3, channels, 7).stride(2));
        let wire = b.batch_norm("norm0", wire, channels);
        let wire = b.relu("relu0", wire);
        let mut wire = b.max_pool("pool0", wire, MaxPool { padding: 1, ..MaxPool::new(3, 2) });
        for (at, depth) in (1..).zip(depths) {
            wire = b.within(&format!("denseblock{at}"), |b| {
                let mut wires = vec![wire];
                for layer in 1..=depth {
                    wires.push(b.within(&format!("denselayer{layer}"), |b| dense(b, &wires, channels)));
                    channels += GROWTH;
                }
                b.concat(&wires)
            });
            if at < depths.len() {
                wire = b.within(&format!("transition{at}"), |b| {
                    let wire = b.batch_norm("norm", wire, channels);
                    let wire = b.relu("relu", wire);
                    let wire = b.conv("conv", wire, conv(channels, channels / 2, 1));
                    b.module("pool", AverageWindow { kernel: 2, stride: 2, padding: 0 }, wire)
                });
                channels /= 2;
            }
        }
        b.batch_norm("norm5", wire, channels)
    });
    let rectified = b.bare(Activation::Relu, &[features]);
    let pooled = b.bare(AveragePool { size: 1 }, &[rectified]);
    let flat = b.flatten(pooled);
    b.linear("classifier", flat, Linear::new(channels, 1000).init(Init::of(Draw::FanIn)));
}

fn dense(b: &mut Builder, from: &[Wire], channels: usize) -> Wire {
    let joined = if let &[lone] = from { lone } else { b.concat(from) };
    let wire = b.batch_norm("norm1", joined, channels);
    let wire = b.relu("relu1", wire);
    let wire = b.conv("conv1", wire, conv(channels, BOTTLENECK, 1));
    let wire = b.batch_norm("norm2", wire, BOTTLENECK);
    let wire = b.relu("relu2", wire);
    b.conv("conv2", wire, conv(BOTTLENECK, GROWTH, 3))
}

fn conv(inputs: usize, outputs: usize, kernel: usize) -> Conv {
    Conv::new(inputs, outputs, kernel).same().unbiased().init(Init::of(Draw::KaimingIn))
}

/// The name that published files give a tensor of a dense layer: `norm.1.weight` for `norm1.weight`.
pub fn former(name: &str) -> Option<String> {
    let (block, part) = name.split_once("denselayer")?;
    let (layer, tensor) = part.split_once('.')?;
    let module = ["norm", "relu", "conv"].into_iter().find(|module| tensor.starts_with(module))?;
    Some(format!("{block}denselayer{layer}.{module}.{}", &tensor[module.len()..]))
}
