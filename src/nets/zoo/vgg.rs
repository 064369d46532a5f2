//! VGG: Simonyan and Zisserman 2015 (arXiv:1409.1556), configurations A, B, D and E, with and without batch norm.

use crate::nets::builder::Builder;
use crate::nets::graph::IMAGES;
use crate::nets::op::conv::Conv;
use crate::nets::op::draw::{Draw, Init};
use crate::nets::op::linear::Linear;
use crate::nets::op::pool::MaxPool;

/// Convolutions before each of the five pools.
pub type Depths = [usize; 5];

pub const VGG11: Depths = [1, 1, 2, 2, 2];
pub const VGG13: Depths = [2, 2, 2, 2, 2];
pub const VGG16: Depths = [2, 2, 3, 3, 3];
pub const VGG19: Depths = [2, 2, 4, 4, 4];

/// Channels of the convolutions before each pool.
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

pub fn build(b: &mut Builder, depths: Depths, batch_norm: bool) {
    let features = b.within("features", |b| {
        let (mut wire, mut inputs, mut names) = (IMAGES, 3, 0..);
        let mut name = || names.next().map(|at: usize| at.to_string()).expect("numbers do not end");
        for (depth, outputs) in depths.into_iter().zip(CHANNELS) {
            for _ in 0..depth {
                let conv = Conv::new(inputs, outputs, 3).same().init(Init::of(Draw::KaimingOut));
                wire = b.conv(&name(), wire, conv);
                if batch_norm {
                    wire = b.batch_norm(&name(), wire, outputs);
                }
                wire = b.relu(&name(), wire);
                inputs = outputs;
            }
            wire = b.max_pool(&name(), wire, MaxPool::new(2, 2));
        }
        wire
    });
    let pooled = b.average_pool("avgpool", features, 7);
    let flat = b.flatten(pooled);
    let linear = |inputs, outputs| Linear::new(inputs, outputs).init(Init::of(Draw::Normal(0.01)));
    b.within("classifier", |b| {
        let wire = b.linear("0", flat, linear(512 * 49, 4096));
        let wire = b.relu("1", wire);
        let wire = b.identity("2", wire);
        let wire = b.linear("3", wire, linear(4096, 4096));
        let wire = b.relu("4", wire);
        let wire = b.identity("5", wire);
        b.linear("6", wire, linear(4096, 1000))
    });
}
