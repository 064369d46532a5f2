//! Residual networks: He et al. 2016 (arXiv:1512.03385), with the stride in the 3 × 3 convolution of a bottleneck; with
//! groups, ResNeXt (Xie et al. 2017, arXiv:1611.05431); with wider blocks, Wide ResNet (Zagoruyko and Komodakis 2016,
//! arXiv:1605.07146).

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::linear::Linear;
use crate::nets::op::pool::MaxPool;

/// What tells a residual network from another.
#[derive(Clone, Copy)]
pub struct Residual {
    /// Blocks in each of `layer1` … `layer4`.
    pub blocks: [usize; 4],
    pub kind: Kind,
}

/// Two convolutions of 3 × 3; or one between two of 1 × 1, in so many groups, which `layer1` gives so many channels each.
#[derive(Clone, Copy)]
pub enum Kind {
    Basic,
    Bottleneck { groups: usize, width: usize },
}

impl Kind {
    /// Channels of a block's output for each that it is named after.
    fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck { .. } => 4,
        }
    }
}

/// ResNet's own bottlenecks.
const BOTTLENECK: Kind = Kind::Bottleneck { groups: 1, width: 64 };

pub const RESNET18: Residual = Residual { blocks: [2, 2, 2, 2], kind: Kind::Basic };
pub const RESNET34: Residual = Residual { blocks: [3, 4, 6, 3], kind: Kind::Basic };
pub const RESNET50: Residual = Residual { blocks: [3, 4, 6, 3], kind: BOTTLENECK };
pub const RESNET101: Residual = Residual { blocks: [3, 4, 23, 3], kind: BOTTLENECK };
pub const RESNET152: Residual = Residual { blocks: [3, 8, 36, 3], kind: BOTTLENECK };
pub const RESNEXT50_32X4D: Residual =
    Residual { blocks: [3, 4, 6, 3], kind: Kind::Bottleneck { groups: 32, width: 4 } };
pub const WIDE_RESNET50_2: Residual =
    Residual { blocks: [3, 4, 6, 3], kind: Kind::Bottleneck { groups: 1, width: 128 } };

pub fn build(b: &mut Builder, net: Residual) {
    let wire = b.conv("conv1", IMAGES, conv(3, 64, 7, 2));
    let wire = b.batch_norm("bn1", wire, 64);
    let wire = b.relu("relu", wire);
    let mut wire = b.max_pool("maxpool", wire, MaxPool { padding: 1, ..MaxPool::new(3, 2) });
    let mut inputs = 64;
    for (at, count) in net.blocks.into_iter().enumerate() {
        let planes = 64 << at;
        wire = b.within(&format!("layer{}", at + 1), |b| {
            for block in 0..count {
                let stride = if at > 0 && block == 0 { 2 } else { 1 };
                wire = b.within(&block.to_string(), |b| residual(b, wire, inputs, planes, stride, net.kind));
                inputs = planes * net.kind.expansion();
            }
            wire
        });
    }
    let wire = b.average_pool("avgpool", wire, 1);
    let wire = b.flatten(wire);
    b.linear("fc", wire, Linear::new(inputs, 1000));
}

fn residual(b: &mut Builder, from: Wire, inputs: usize, planes: usize, stride: usize, kind: Kind) -> Wire {
    let outputs = planes * kind.expansion();
    let convs = match kind {
        Kind::Basic => vec![conv(inputs, planes, 3, stride), conv(planes, planes, 3, 1)],
        Kind::Bottleneck { groups, width } => {
            let width = planes * width / 64 * groups;
            vec![conv(inputs, width, 1, 1), conv(width, width, 3, stride).groups(groups), conv(width, outputs, 1, 1)]
        }
    };
    let mut wire = from;
    for (at, conv) in convs.iter().enumerate() {
        if at > 0 {
            wire = b.relu("relu", wire);
        }
        wire = b.conv(&format!("conv{}", at + 1), wire, *conv);
        wire = b.batch_norm(&format!("bn{}", at + 1), wire, conv.outputs);
    }
    let shortcut = if stride == 1 && inputs == outputs {
        from
    } else {
        b.within("downsample", |b| {
            let wire = b.conv("0", from, conv(inputs, outputs, 1, stride));
            b.batch_norm("1", wire, outputs)
        })
    };
    let sum = b.add(wire, shortcut);
    b.relu("relu", sum)
}

/// A convolution that keeps the size but for its stride.
fn conv(inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Conv {
    Conv::new(inputs, outputs, kernel).same().stride(stride).unbiased().init(Init::of(Draw::KaimingOut))
}
