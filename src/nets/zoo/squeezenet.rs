//! SqueezeNet: Iandola et al. 2016 (arXiv:1602.07360), and its release 1.1 with other strides and widths.

use crate::nets::builder::Builder;
use crate::nets::graph::{IMAGES, Wire};
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::pool::MaxPool;

const POOL: MaxPool = MaxPool { ceil: true, ..MaxPool::new(3, 2) };
/// torchvision draws all convolutions this way but the last.
const DRAW: Init = Init::of(Draw::KaimingUniform);

/// What stands in `features` after the first convolution, its ReLU and pool.
pub enum Stage {
    /// Channels in, channels between, channels out of each of two expanding convolutions.
    Fire(usize, usize, usize),
    Pool,
}
use Stage::{Fire, Pool};

/// The first convolution's channels and kernel, and what follows.
pub type Squeeze = (usize, usize, &'static [Stage]);

pub const SQUEEZENET1_0: Squeeze = (
    96,
    7,
    &[
        Fire(96, 16, 64),
        Fire(128, 16, 64),
        Fire(128, 32, 128),
        Pool,
        Fire(256, 32, 128),
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        Pool,
        Fire(512, 64, 256),
    ],
);

pub const SQUEEZENET1_1: Squeeze = (
    64,
    3,
    &[
        Fire(64, 16, 64),
        Fire(128, 16, 64),
        Pool,
        Fire(128, 32, 128),
        Fire(256, 32, 128),
        Pool,
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        Fire(512, 64, 256),
    ],
);

pub fn build(b: &mut Builder, (channels, kernel, stages): Squeeze) {
    let features = b.within("features", |b| {
        let mut wire = b.conv("0", IMAGES, Conv::new(3, channels, kernel).stride(2).init(DRAW));
        wire = b.relu("1", wire);
        wire = b.max_pool("2", wire, POOL);
        for (at, stage) in stages.iter().enumerate() {
            let name = (at + 3).to_string();
            wire = match *stage {
                Pool => b.max_pool(&name, wire, POOL),
                Fire(inputs, squeeze, expand) => b.within(&name, |b| fire(b, wire, inputs, squeeze, expand)),
            };
        }
        wire
    });
    let classes = b.within("classifier", |b| {
        let wire = b.identity("0", features);
        let wire = b.conv("1", wire, Conv::new(512, 1000, 1).init(Init::of(Draw::Normal(0.01))));
        let wire = b.relu("2", wire);
        b.average_pool("3", wire, 1)
    });
    b.flatten(classes);
}

fn fire(b: &mut Builder, from: Wire, inputs: usize, squeeze: usize, expand: usize) -> Wire {
    let squeezed = b.conv("squeeze", from, Conv::new(inputs, squeeze, 1).init(DRAW));
    let squeezed = b.relu("squeeze_activation", squeezed);
    let one = b.conv("expand1x1", squeezed, Conv::new(squeeze, expand, 1).init(DRAW));
    let one = b.relu("expand1x1_activation", one);
    let three = b.conv("expand3x3", squeezed, Conv::new(squeeze, expand, 3).same().init(DRAW));
    let three = b.relu("expand3x3_activation", three);
    b.concat(&[one, three])
}
