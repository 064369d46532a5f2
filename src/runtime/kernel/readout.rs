//! Readouts: maps to a number per unit or class.

use tch::{Kind, Tensor};

use crate::nets::op::readout::{Factorised, Gaussian, Link, Softmax, Unscale};
use crate::runtime::kernel::arithmetic::{Arithmetic, Tensors, only};

/// The least spread of the places at which a Gaussian readout looks while it trains.
const LEAST_SPREAD: f64 = 0.01;

impl Arithmetic for Factorised {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        factorised(&only(inputs), tensors.get("mask"), tensors.get("weight"), tensors.get("bias"))
    }
}

impl Arithmetic for Gaussian {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let x = only(inputs);
        let position = tensors.get("position");
        let places = position.clamp(-1.0, 1.0).unsqueeze(0).expand([x.size()[0], -1, -1], false);
        gaussian(&x, &places, tensors.get("weight"), tensors.get("bias"))
    }

    /// At places around the learned ones, drawn for each image.
    fn train(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        let x = only(inputs);
        let position = tensors.get("position");
        let noise = Tensor::randn([x.size()[0], position.size()[0], 2], (Kind::Float, position.device()));
        let spread = tensors.get("spread").abs().clamp_min(LEAST_SPREAD);
        let places = (position + spread * noise).clamp(-1.0, 1.0);
        gaussian(&x, &places, tensors.get("weight"), tensors.get("bias"))
    }
}

impl Arithmetic for Unscale {
    fn run(&self, tensors: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        linked(&only(inputs), self.link) * tensors.get("scale") + tensors.get("shift")
    }
}

impl Arithmetic for Softmax {
    fn run(&self, _: &Tensors, inputs: Vec<Tensor>) -> Tensor {
        only(inputs).softmax(-1, None)
    }
}

/// Σ over places and channels of mask · weight · maps, plus the bias: n × channels × height × width to n × units.
fn factorised(maps: &Tensor, mask: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    // n × channels × units: what each unit's mask sees of each channel.
    let seen = maps.flatten(2, -1).matmul(&mask.flatten(1, -1).tr());
    (seen * weight.tr()).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float) + bias
}

/// The maps at n × units places (x, y in −1 … 1 from corner to corner, interpolated bilinearly), weighted: n × units.
fn gaussian(maps: &Tensor, places: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    // Modes of grid_sampler: 0 is bilinear, and 1 takes the nearest border beyond the maps.
    let there = maps.grid_sampler(&places.unsqueeze(2).to_kind(maps.kind()), 0, 1, true).squeeze_dim(3);
    (there * weight.tr()).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float) + bias
}

/// A readout's sums as responses.
pub fn linked(x: &Tensor, link: Link) -> Tensor {
    match link {
        Link::Identity => x.shallow_clone(),
        Link::Softplus => x.softplus(),
    }
}
