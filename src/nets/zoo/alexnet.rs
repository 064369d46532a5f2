//! AlexNet: Krizhevsky 2014 (arXiv:1404.5997), the one-column form.

use crate::nets::builder::Builder;
use crate::nets::graph::IMAGES;
use crate::nets::op::conv::Conv;
use crate::nets::op::linear::Linear;
use crate::nets::op::pool::MaxPool;

pub fn build(b: &mut Builder) {
    // Channels in and out, kernel, stride, padding, and whether a pool follows.
    let convs = [
        (3, 64, 11, 4, 2, true),
        (64, 192, 5, 1, 2, true),
        (192, 384, 3, 1, 1, false),
        (384, 256, 3, 1, 1, false),
        (256, 256, 3, 1, 1, true),
    ];
    let features = b.within("features", |b| {
        let (mut wire, mut names) = (IMAGES, 0..);
        let mut name = || names.next().map(|at: usize| at.to_string()).expect("numbers do not end");
        for (inputs, outputs, kernel, stride, padding, pool) in convs {
            let conv = Conv { stride, padding: [padding; 2], ..Conv::new(inputs, outputs, kernel) };
            wire = b.conv(&name(), wire, conv);
            wire = b.relu(&name(), wire);
            if pool {
                wire = b.max_pool(&name(), wire, MaxPool::new(3, 2));
            }
        }
        wire
    });
    let pooled = b.average_pool("avgpool", features, 6);
    let flat = b.flatten(pooled);
    b.within("classifier", |b| {
        let wire = b.identity("0", flat);
        let wire = b.linear("1", wire, Linear::new(256 * 36, 4096));
        let wire = b.relu("2", wire);
        let wire = b.identity("3", wire);
        let wire = b.linear("4", wire, Linear::new(4096, 4096));
        let wire = b.relu("5", wire);
        b.linear("6", wire, Linear::new(4096, 1000))
    });
}
