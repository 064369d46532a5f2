//! SqueezeNet 1.1: Iandola et al. 2016 (arXiv:1602.07360), with the strides and widths of its release 1.1.

use super::graph::{Builder, Conv, IMAGES, Init, MaxPool, Wire};

const POOL: MaxPool = MaxPool { kernel: 3, stride: 2, padding: 0, ceil: true };
/// torchvision draws all convolutions this way but the last.
const DRAW: Init = Init::KaimingUniform;

/// What stands in `features` after the first convolution, its ReLU and pool.
enum Stage {
    /// Channels in, channels between, channels out of each of two expanding convolutions.
    Fire(usize, usize, usize),
    Pool,
}

const STAGES: [Stage; 10] = [
    Stage::Fire(64, 16, 64),
    Stage::Fire(128, 16, 64),
    Stage::Pool,
    Stage::Fire(128, 32, 128),
    Stage::Fire(256, 32, 128),
    Stage::Pool,
    Stage::Fire(256, 48, 192),
    Stage::Fire(384, 48, 192),
    Stage::Fire(384, 64, 256),
    Stage::Fire(512, 64, 256),
];

/// torchvision's `squeezenet1_1`.
pub(super) fn squeezenet1_1(b: &mut Builder) {
    let features = b.within("features", |b| {
        let mut wire = b.conv("0", IMAGES, Conv { stride: 2, init: DRAW, ..Conv::new(3, 64, 3) });
        wire = b.relu("1", wire);
        wire = b.max_pool("2", wire, POOL);
        for (at, stage) in STAGES.iter().enumerate() {
            let name = (at + 3).to_string();
            wire = match *stage {
                Stage::Pool => b.max_pool(&name, wire, POOL),
                Stage::Fire(inputs, squeeze, expand) => b.within(&name, |b| fire(b, wire, inputs, squeeze, expand)),
            };
        }
        wire
    });
    let classes = b.within("classifier", |b| {
        let wire = b.dropout("0", features);
        let wire = b.conv("1", wire, Conv { init: Init::Normal(0.01), ..Conv::new(512, 1000, 1) });
        let wire = b.relu("2", wire);
        b.average_pool("3", wire, 1)
    });
    b.flatten(classes);
}

fn fire(b: &mut Builder, from: Wire, inputs: usize, squeeze: usize, expand: usize) -> Wire {
    let squeezed = b.conv("squeeze", from, Conv { init: DRAW, ..Conv::new(inputs, squeeze, 1) });
    let squeezed = b.relu("squeeze_activation", squeezed);
    let one = b.conv("expand1x1", squeezed, Conv { init: DRAW, ..Conv::new(squeeze, expand, 1) });
    let one = b.relu("expand1x1_activation", one);
    let three = b.conv("expand3x3", squeezed, Conv { padding: 1, init: DRAW, ..Conv::new(squeeze, expand, 3) });
    let three = b.relu("expand3x3_activation", three);
    b.concat(&[one, three])
}
