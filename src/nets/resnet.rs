//! Residual networks: He et al. 2016 (arXiv:1512.03385), with the stride in the 3 × 3 convolution of a bottleneck.

use super::graph::{Builder, Conv, IMAGES, Init, MaxPool, Wire};

/// A bottleneck block gives this many times the channels it works in.
const EXPANSION: usize = 4;

/// torchvision's `resnet50`.
pub(super) fn resnet50(b: &mut Builder) {
    bottlenecks(b, [3, 4, 6, 3]);
}

/// A network of bottleneck blocks, so many in each of `layer1` … `layer4`.
fn bottlenecks(b: &mut Builder, blocks: [usize; 4]) {
    let wire = b.conv("conv1", IMAGES, conv(3, 64, 7, 2));
    let wire = b.batch_norm("bn1", wire, 64);
    let wire = b.relu("relu", wire);
    let mut wire = b.max_pool("maxpool", wire, MaxPool { kernel: 3, stride: 2, padding: 1, ceil: false });
    let mut inputs = 64;
    for (at, count) in blocks.into_iter().enumerate() {
        let width = 64 << at;
        wire = b.within(&format!("layer{}", at + 1), |b| {
            for block in 0..count {
                let stride = if at > 0 && block == 0 { 2 } else { 1 };
                wire = b.within(&block.to_string(), |b| bottleneck(b, wire, inputs, width, stride));
                inputs = width * EXPANSION;
            }
            wire
        });
    }
    let wire = b.average_pool("avgpool", wire, 1);
    let wire = b.flatten(wire);
    b.linear("fc", wire, inputs, 1000);
}

fn bottleneck(b: &mut Builder, from: Wire, inputs: usize, width: usize, stride: usize) -> Wire {
    let outputs = width * EXPANSION;
    let wire = b.conv("conv1", from, conv(inputs, width, 1, 1));
    let wire = b.batch_norm("bn1", wire, width);
    let wire = b.relu("relu", wire);
    let wire = b.conv("conv2", wire, conv(width, width, 3, stride));
    let wire = b.batch_norm("bn2", wire, width);
    let wire = b.relu("relu", wire);
    let wire = b.conv("conv3", wire, conv(width, outputs, 1, 1));
    let wire = b.batch_norm("bn3", wire, outputs);
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

/// A convolution that keeps the size but for its stride, without bias, since batch norm has one.
fn conv(inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Conv {
    Conv { stride, padding: kernel / 2, bias: false, init: Init::KaimingNormal, ..Conv::new(inputs, outputs, kernel) }
}
