//! Inception: GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842, with batch norm and without auxiliary classifiers) and
//! Inception v3 (Szegedy et al. 2016, arXiv:1512.00567).

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::activation::Activation;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::linear::Linear;
use crate::nets::op::norm::BatchNorm;
use crate::nets::op::pool::{AverageWindow, MaxPool};

/// ε of the batch norms of both.
const EPSILON: f64 = 1e-3;

/// torchvision's `BasicConv2d`: a convolution, a batch norm and a ReLU that is no module.
fn basic(b: &mut Builder, name: &str, from: Wire, conv: Conv, deviation: f32) -> Wire {
    b.within(name, |b| {
        let wire = b.conv("conv", from, conv.unbiased().init(Init::of(Draw::Normal(deviation))));
        let wire = b.module("bn", BatchNorm { channels: conv.outputs, epsilon: EPSILON }, wire);
        b.bare(Activation::Relu, &[wire])
    })
}

/// What GoogLeNet's weights start with.
const GOOGLENET: f32 = 0.01;

/// An inception module's channels: in, 1 × 1, before and after 3 × 3, before and after the second 3 × 3 (5 × 5 in the
/// paper), after the pool.
const MODULES: [(&str, [usize; 7]); 9] = [
    ("inception3a", [192, 64, 96, 128, 16, 32, 32]),
    ("inception3b", [256, 128, 128, 192, 32, 96, 64]),
    ("inception4a", [480, 192, 96, 208, 16, 48, 64]),
    ("inception4b", [512, 160, 112, 224, 24, 64, 64]),
    ("inception4c", [512, 128, 128, 256, 24, 64, 64]),
    ("inception4d", [512, 112, 144, 288, 32, 64, 64]),
    ("inception4e", [528, 256, 160, 320, 32, 128, 128]),
    ("inception5a", [832, 256, 160, 320, 32, 128, 128]),
    ("inception5b", [832, 384, 192, 384, 48, 128, 128]),
];

/// torchvision's `googlenet`.
pub fn googlenet(b: &mut Builder) {
    let pool = |kernel| MaxPool { ceil: true, ..MaxPool::new(kernel, 2) };
    let basic = |b: &mut Builder, name: &str, from, conv: Conv| basic(b, name, from, conv.same(), GOOGLENET);
    let wire = basic(b, "conv1", IMAGES, Conv::new(3, 64, 7).stride(2));
    let wire = b.max_pool("maxpool1", wire, pool(3));
    let wire = basic(b, "conv2", wire, Conv::new(64, 64, 1));
    let wire = basic(b, "conv3", wire, Conv::new(64, 192, 3));
    let mut wire = b.max_pool("maxpool2", wire, pool(3));
    for (name, [inputs, one, before3, three, before5, five, pooled]) in MODULES {
        wire = b.within(name, |b| {
            let a = basic(b, "branch1", wire, Conv::new(inputs, one, 1));
            let [c, d] = [("branch2", before3, three), ("branch3", before5, five)].map(|(name, between, outputs)| {
                b.within(name, |b| {
                    let wire = basic(b, "0", wire, Conv::new(inputs, between, 1));
                    basic(b, "1", wire, Conv::new(between, outputs, 3))
                })
            });
            let e = b.within("branch4", |b| {
                let wire = b.max_pool("0", wire, MaxPool { kernel: 3, stride: 1, padding: 1, ceil: true });
                basic(b, "1", wire, Conv::new(inputs, pooled, 1))
            });
            b.concat(&[a, c, d, e])
        });
        match name {
            "inception3b" => wire = b.max_pool("maxpool3", wire, pool(3)),
            "inception4e" => wire = b.max_pool("maxpool4", wire, pool(2)),
            _ => {}
        }
    }
    let wire = b.average_pool("avgpool", wire, 1);
    let wire = b.flatten(wire);
    let wire = b.identity("dropout", wire);
    b.linear("fc", wire, Linear::new(1024, 1000).init(Init { weight: Draw::Normal(GOOGLENET), bias: Draw::FanIn }));
}

/// What Inception v3's weights start with.
const INCEPTION: f32 = 0.1;

/// torchvision's `inception_v3`.
pub fn inception_v3(b: &mut Builder) {
    let plain = |b: &mut Builder, name: &str, from, conv| basic(b, name, from, conv, INCEPTION);
    let wire = plain(b, "Conv2d_1a_3x3", IMAGES, Conv::new(3, 32, 3).stride(2));
    let wire = plain(b, "Conv2d_2a_3x3", wire, Conv::new(32, 32, 3));
    let wire = plain(b, "Conv2d_2b_3x3", wire, Conv::new(32, 64, 3).same());
    let wire = b.max_pool("maxpool1", wire, MaxPool::new(3, 2));
    let wire = plain(b, "Conv2d_3b_1x1", wire, Conv::new(64, 80, 1));
    let wire = plain(b, "Conv2d_4a_3x3", wire, Conv::new(80, 192, 3));
    let wire = b.max_pool("maxpool2", wire, MaxPool::new(3, 2));
    let wire = mixed_5(b, wire);
    let wire = mixed_6(b, wire);
    let wire = mixed_7(b, wire);
    let wire = b.average_pool("avgpool", wire, 1);
    let wire = b.identity("dropout", wire);
    let wire = b.flatten(wire);
    b.linear("fc", wire, Linear::new(2048, 1000).init(Init { weight: Draw::Normal(INCEPTION), bias: Draw::FanIn }));
}

/// The modules on 35 × 35.
fn mixed_5(b: &mut Builder, mut wire: Wire) -> Wire {
    for (name, inputs, pooled) in [("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)] {
        wire = b.within(name, |b| {
            let one = chain(b, wire, &[("branch1x1", square(inputs, 64, 1))]);
            let five = chain(b, wire, &[("branch5x5_1", square(inputs, 48, 1)), ("branch5x5_2", square(48, 64, 5))]);
            let three = chain(
                b,
                wire,
                &[
                    ("branch3x3dbl_1", square(inputs, 64, 1)),
                    ("branch3x3dbl_2", square(64, 96, 3)),
                    ("branch3x3dbl_3", square(96, 96, 3)),
                ],
            );
            let pool = pooled_branch(b, wire, inputs, pooled);
            b.concat(&[one, five, three, pool])
        });
    }
    wire
}

/// The step to 17 × 17, and the modules there.
fn mixed_6(b: &mut Builder, mut wire: Wire) -> Wire {
    wire = b.within("Mixed_6a", |b| {
        let three = chain(b, wire, &[("branch3x3", Conv::new(288, 384, 3).stride(2))]);
        let double = chain(
            b,
            wire,
            &[
                ("branch3x3dbl_1", square(288, 64, 1)),
                ("branch3x3dbl_2", square(64, 96, 3)),
                ("branch3x3dbl_3", Conv::new(96, 96, 3).stride(2)),
            ],
        );
        let pool = b.bare(MaxPool::new(3, 2), &[wire]);
        b.concat(&[three, double, pool])
    });
    for (name, c) in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)] {
        wire = b.within(name, |b| {
            let one = chain(b, wire, &[("branch1x1", square(768, 192, 1))]);
            let seven = chain(
                b,
                wire,
                &[
                    ("branch7x7_1", square(768, c, 1)),
                    ("branch7x7_2", flat(c, c, [1, 7])),
                    ("branch7x7_3", flat(c, 192, [7, 1])),
                ],
            );
            let double = chain(
                b,
                wire,
                &[
                    ("branch7x7dbl_1", square(768, c, 1)),
                    ("branch7x7dbl_2", flat(c, c, [7, 1])),
                    ("branch7x7dbl_3", flat(c, c, [1, 7])),
                    ("branch7x7dbl_4", flat(c, c, [7, 1])),
                    ("branch7x7dbl_5", flat(c, 192, [1, 7])),
                ],
            );
            let pool = pooled_branch(b, wire, 768, 192);
            b.concat(&[one, seven, double, pool])
        });
    }
    wire
}

/// The step to 8 × 8, and the modules there.
fn mixed_7(b: &mut Builder, mut wire: Wire) -> Wire {
    wire = b.within("Mixed_7a", |b| {
        let last = |inputs, outputs| Conv::new(inputs, outputs, 3).stride(2);
        let three = chain(b, wire, &[("branch3x3_1", square(768, 192, 1)), ("branch3x3_2", last(192, 320))]);
        let seven = chain(
            b,
            wire,
            &[
                ("branch7x7x3_1", square(768, 192, 1)),
                ("branch7x7x3_2", flat(192, 192, [1, 7])),
                ("branch7x7x3_3", flat(192, 192, [7, 1])),
                ("branch7x7x3_4", last(192, 192)),
            ],
        );
        let pool = b.bare(MaxPool::new(3, 2), &[wire]);
        b.concat(&[three, seven, pool])
    });
    for (name, inputs) in [("Mixed_7b", 1280), ("Mixed_7c", 2048)] {
        wire = b.within(name, |b| {
            let one = chain(b, wire, &[("branch1x1", square(inputs, 320, 1))]);
            let three = chain(b, wire, &[("branch3x3_1", square(inputs, 384, 1))]);
            let three = forked(b, three, ["branch3x3_2a", "branch3x3_2b"]);
            let double =
                chain(b, wire, &[("branch3x3dbl_1", square(inputs, 448, 1)), ("branch3x3dbl_2", square(448, 384, 3))]);
            let double = forked(b, double, ["branch3x3dbl_3a", "branch3x3dbl_3b"]);
            let pool = pooled_branch(b, wire, inputs, 192);
            b.concat(&[one, three, double, pool])
        });
    }
    wire
}

/// One basic convolution after another.
fn chain(b: &mut Builder, from: Wire, convs: &[(&str, Conv)]) -> Wire {
    convs.iter().fold(from, |wire, &(name, conv)| basic(b, name, wire, conv, INCEPTION))
}

/// Two flat convolutions side by side.
fn forked(b: &mut Builder, from: Wire, [lying, standing]: [&str; 2]) -> Wire {
    let lying = chain(b, from, &[(lying, flat(384, 384, [1, 3]))]);
    let standing = chain(b, from, &[(standing, flat(384, 384, [3, 1]))]);
    b.concat(&[lying, standing])
}

fn pooled_branch(b: &mut Builder, from: Wire, inputs: usize, outputs: usize) -> Wire {
    let wire = b.bare(AverageWindow { kernel: 3, stride: 1, padding: 1 }, &[from]);
    chain(b, wire, &[("branch_pool", square(inputs, outputs, 1))])
}

fn square(inputs: usize, outputs: usize, kernel: usize) -> Conv {
    Conv::new(inputs, outputs, kernel).same()
}

fn flat(inputs: usize, outputs: usize, kernel: [usize; 2]) -> Conv {
    Conv { kernel, ..Conv::new(inputs, outputs, 1) }.same()
}
