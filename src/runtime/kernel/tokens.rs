//! Patches as tokens, and attention among them.

use tch::Tensor;

use crate::nets::op::tokens::{Attention, Tokens};
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

/// Adds this to a grid's sides before they are divided by those of the grid that positions were learned for, as
/// DINOv2 does against rounding.
const GRID_OFFSET: f64 = 0.1;

impl Arithmetic for Tokens {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        tokens(&only(inputs), tensors.get(self.class), tensors.get(self.position), self.grid as i64)
    }
}

impl Arithmetic for Attention {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        attention(&only(inputs), self.heads as i64)
    }
}

/// A class token before the patches, and positions added; those of another grid are interpolated.
fn tokens(maps: &Tensor, class: &Tensor, position: &Tensor, grid: i64) -> Tensor {
    let (n, features, height, width) = maps.size4().expect("maps have four axes");
    let patches = maps.flatten(2, -1).transpose(1, 2);
    let tokens = Tensor::cat(&[class.expand([n, 1, features], false), patches], 1);
    if (height, width) == (grid, grid) {
        return tokens + position;
    }
    let learned = position.narrow(1, 1, grid * grid).reshape([1, grid, grid, features]).permute([0, 3, 1, 2]);
    let scale = |side: i64| Some((side as f64 + GRID_OFFSET) / grid as f64);
    let there = learned.upsample_bicubic2d([height, width], false, scale(height), scale(width));
    let there = there.flatten(2, -1).transpose(1, 2);
    tokens + Tensor::cat(&[position.narrow(1, 0, 1), there], 1)
}

fn attention(joint: &Tensor, heads: i64) -> Tensor {
    let (n, tokens, triple) = joint.size3().expect("n × tokens × features");
    let features = triple / 3;
    let split = joint.view([n, tokens, 3, heads, features / heads]).permute([2, 0, 3, 1, 4]);
    let [query, key, value] = [0, 1, 2].map(|at| split.select(0, at));
    let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, None::<&Tensor>, 0.0, false, None, false);
    mixed.transpose(1, 2).reshape([n, tokens, features])
}
