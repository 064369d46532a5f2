//! Convolutions of 3 × 3 with fewer multiplications, on the CPU: `math::winograd` between libtorch's tensors.
//!
//! Whether a convolution goes this way is decided by its shape and its maps' alone, so that results are the same in any
//! batch.

use std::sync::OnceLock;

use tch::{Device, Kind, Tensor};

use crate::math::winograd;
use crate::math::winograd::{Filters, Maps};
use crate::nets::graph::Graph;
use crate::nets::op::Op;
use crate::nets::op::conv::Conv;
use crate::runtime::layout::channels_last;
use crate::runtime::pipeline::{floats, floats_mut};

/// A convolution on the CPU in 32-bit floats that goes the fast way where its maps are large enough.
pub struct Winograd {
    weight: Tensor,
    bias: Option<Tensor>,
    conv: Conv,
    /// Made where they are first needed.
    filters: OnceLock<Filters>,
}

impl Winograd {
    /// Takes outputs × inputs × 3 × 3 and the biases of a convolution that may go the fast way.
    pub fn new(weight: Tensor, bias: Option<Tensor>, conv: Conv) -> Self {
        Self { weight, bias, conv, filters: OnceLock::new() }
    }

    /// n × inputs × height × width to n × outputs × height × width, channels last.
    pub fn run(&self, maps: &Tensor) -> Tensor {
        let (_, _, height, width) = maps.size4().expect("maps have four axes");
        if pays(&self.conv, [height as usize, width as usize]) {
            return self.fast(maps);
        }
        let padding = self.conv.padding.map(|side| side as i64);
        maps.conv2d(&self.weight, self.bias.as_ref(), [1, 1], padding, [1, 1], 1)
    }

    fn fast(&self, maps: &Tensor) -> Tensor {
        let Conv { inputs, outputs, padding, .. } = self.conv;
        let (count, _, height, width) = maps.size4().expect("maps have four axes");
        let size = [height as usize, width as usize];
        let filters = self.filters.get_or_init(|| Filters::new(floats(&self.weight.contiguous()), inputs, outputs));
        let none = vec![0.0; outputs];
        let bias = self.bias.as_ref().map_or(none.as_slice(), floats);
        let maps = channels_last(maps).permute([0, 2, 3, 1]);
        let [high, wide] = [0, 1].map(|axis| (size[axis] + 2 * padding[axis] - 2) as i64);
        let mut out = Tensor::empty([count, high, wide, outputs as i64], (Kind::Float, Device::Cpu));
        let maps = Maps { numbers: floats(&maps), height: size[0], width: size[1], padding };
        filters.convolve(maps, bias, floats_mut(&mut out));
        out.permute([0, 3, 1, 2])
    }
}

/// Whether a convolution may go the fast way, on maps that are large enough.
pub fn may(conv: &Conv) -> bool {
    let Conv { kernel, stride, groups, inputs, outputs, .. } = *conv;
    kernel == [3, 3] && stride == 1 && groups == 1 && inputs.min(outputs) >= 16 && winograd::works(inputs, outputs)
}

/// Whether the fast way is the faster one, on maps of a height and width: docs/benchmarks.md has what was measured. On 7 × 7,
/// where a fourth of the tiles lies outside, and in small batches reading the filters takes what is saved.
fn pays(conv: &Conv, size: [usize; 2]) -> bool {
    may(conv) && size.iter().all(|&side| side >= 8)
}

/// Bytes that the fast way of a graph's convolutions takes for images of a height and width: filters, and what lies
/// between the steps of the largest.
pub fn needed(graph: &Graph, (height, width): (usize, usize)) -> u64 {
    let shapes = graph.shapes(height, width);
    let (mut filters, mut between) = (0, 0);
    for step in &graph.steps {
        let (Op::Conv(conv), Some(&[_, height, width])) = (&step.op, shapes[step.inputs[0]].as_deref()) else {
            continue;
        };
        if pays(conv, [height, width]) {
            let [weights, part] = winograd::needed(conv.inputs, conv.outputs, width + 2 * conv.padding[1] - 2);
            filters += weights;
            between = between.max(part * rayon::current_num_threads());
        }
    }
    (filters + between) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::init::random;
    use crate::nets::zoo::catalogue::describe;
    use crate::runtime::network::Network;

    fn drawn(shape: [i64; 4], seed: i64) -> Tensor {
        let count = shape.iter().product::<i64>();
        let numbers = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898 + seed as f64;
        ((numbers.sin() * 43_758.547).frac() * 2.0).to_kind(Kind::Float).view(shape)
    }

    fn convolution(inputs: usize, outputs: usize, padding: usize) -> (Winograd, Tensor, Tensor) {
        let conv = Conv { padding: [padding; 2], ..Conv::new(inputs, outputs, 3) };
        let weight = drawn([outputs as i64, inputs as i64, 3, 3], 1) / (inputs as f64).sqrt();
        let bias = drawn([1, 1, 1, outputs as i64], 2).flatten(0, -1);
        (Winograd::new(weight.shallow_clone(), Some(bias.shallow_clone()), conv), weight, bias)
    }

    #[test]
    fn it_is_the_convolution_on_maps_of_any_size() {
        // In 64 bits, by libtorch; the last pairs of channels are too few, or no multiples of a register.
        for (inputs, outputs) in [(32, 32), (40, 48), (136, 16), (8, 16), (33, 20)] {
            for padding in [0, 1] {
                let (ours, weight, bias) = convolution(inputs, outputs, padding);
                for (count, height, width) in
                    [(1, 1, 1), (2, 2, 1), (3, 7, 7), (1, 14, 14), (2, 55, 9), (1, 8, 57), (3, 28, 29), (1, 11, 300)]
                {
                    if height.min(width) + 2 * padding < 3 {
                        continue;
                    }
                    let x = drawn([count, inputs as i64, height as i64, width as i64], 3);
                    let (x64, padding) = (x.to_kind(Kind::Double), [padding as i64; 2]);
                    let bias = bias.to_kind(Kind::Double);
                    let exact = x64.conv2d(&weight.to_kind(Kind::Double), Some(&bias), [1, 1], padding, [1, 1], 1);
                    let near = |y: &Tensor| {
                        assert_eq!(y.size(), exact.size());
                        let off = (y.to_kind(Kind::Double) - &exact).abs().max().double_value(&[]);
                        let off = off / exact.abs().max().double_value(&[]);
                        assert!(off < 5e-6, "{inputs} → {outputs}, {count} × {height} × {width}: off by {off:.1e}");
                    };
                    near(&ours.run(&x));
                    if winograd::works(inputs, outputs) {
                        near(&ours.fast(&x));
                    }
                }
            }
        }
    }

    #[test]
    fn an_image_gives_the_same_bytes_in_any_batch() {
        for (inputs, outputs, side) in [(64, 64, 30), (256, 128, 14), (32, 96, 9)] {
            let ours = convolution(inputs, outputs, 1).0;
            let x = drawn([11, inputs as i64, side, side], 5);
            let together = ours.run(&x);
            for (from, count) in [(0, 1), (3, 1), (1, 4), (4, 7)] {
                assert!(ours.run(&x.narrow(0, from, count)).equal(&together.narrow(0, from, count)));
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_so() {
        let ours = convolution(32, 32, 1).0;
        let x = drawn([1, 32, 12, 12], 7);
        let _ = x.get(0).get(5).get(6).get(6).fill_(f64::NAN);
        assert!(ours.run(&x).isnan().any().int64_value(&[]) == 1);
    }

    #[test]
    fn a_networks_layers_agree_with_those_without_it() {
        let layers = ["features.3", "features.11", "features.20"];
        let vgg = describe("vgg11").expect("it ships");
        let weights = random(vgg, &layers, 0);
        let x = drawn([2, 3, 64, 64], 11);
        let plain = Network::load_as(vgg.graph(), &layers, &weights, Device::Cpu, Kind::Float).forward(&x);
        for (ours, plain) in Network::load(vgg, &layers, &weights, Device::Cpu).forward(&x).iter().zip(&plain) {
            let off = (ours - plain).abs().max().double_value(&[]) / plain.abs().max().double_value(&[]);
            assert!(off < 1e-5, "off by {off:.1e}");
        }
    }
}
