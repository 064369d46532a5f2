//! What a network is fed: pixels normalised once, laid out channels last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// RGB means and deviations of a normalisation (x − mean) / std.
pub type Normalisation = ([f32; 3], [f32; 3]);

/// How decoded pixels become a network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    change: Change,
    order: ChannelOrder,
}

/// The order in which a network sees colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelOrder {
    /// Red, green, blue, as torchvision's networks.
    #[default]
    Rgb,
    /// Blue, green, red, as networks from Caffe and OpenCV.
    Bgr,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    /// They are normalised as the network wants them.
    AsTheyAre,
    /// Pixels that were normalised by `from` (mean 0 and deviation 1 for those in [0, 1]) are normalised by `to`.
    Renormalise { from: Normalisation, to: Normalisation },
}

impl Input {
    /// For a network that wants its images normalised `to`, and pixels that have been normalised already, or lie in [0, 1].
    pub fn new(to: Normalisation, applied: Option<Normalisation>) -> Self {
        let change = match applied {
            Some(from) if from == to => Change::AsTheyAre,
            Some(from) => Change::Renormalise { from, to },
            None => Change::Renormalise { from: ([0.0; 3], [1.0; 3]), to },
        };
        Self { change, order: ChannelOrder::Rgb }
    }

    /// For a network that wants its colours in another order; pixels and normalisations stay red, green, blue.
    pub fn ordered(self, order: ChannelOrder) -> Self {
        Self { order, ..self }
    }

    /// Turns n × 3 × area pixels into n × area × 3 numbers ready for the network.
    pub fn prepare(self, pixels: &[f32], area: usize) -> Vec<f32> {
        let mut ready = vec![0.0; pixels.len()];
        for (image, out) in pixels.chunks_exact(3 * area).zip(ready.chunks_exact_mut(3 * area)) {
            for (channel, plane) in image.chunks_exact(area).enumerate() {
                let place = if self.order == ChannelOrder::Bgr { 2 - channel } else { channel };
                let slots = out.iter_mut().skip(place).step_by(3);
                match self.change {
                    Change::AsTheyAre => slots.zip(plane).for_each(|(slot, &x)| *slot = x),
                    Change::Renormalise { from: (mean, std), to } => {
                        let (mean, std, to_mean, to_std) = (mean[channel], std[channel], to.0[channel], to.1[channel]);
                        slots.zip(plane).for_each(|(slot, &x)| *slot = (x * std + mean - to_mean) / to_std);
                    }
                }
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::zoo::catalogue::describe;

    #[test]
    fn pixels_are_normalised_exactly_once() {
        let network = describe("resnet50").expect("it ships");
        // Two pixels, channel after channel.
        let unit = [0.0, 1.0, 0.5, 0.25, 0.75, 0.125];
        let ready = Input::new((network.mean, network.std), None).prepare(&unit, 2);
        let expected = |x: f32, c: usize| (x - network.mean[c]) / network.std[c];
        let pixels = [(0.0, 0), (0.5, 1), (0.75, 2), (1.0, 0), (0.25, 1), (0.125, 2)];
        assert_eq!(ready, pixels.map(|(x, c)| expected(x, c)));

        let planes = [ready[0], ready[3], ready[1], ready[4], ready[2], ready[5]];
        let same = Input::new((network.mean, network.std), Some((network.mean, network.std)));
        assert_eq!(same.change, Change::AsTheyAre);
        assert_eq!(same.prepare(&planes, 2), ready);

        let halves = ([0.5; 3], [0.5; 3]);
        let other = unit.map(|x| (x - 0.5) / 0.5);
        let again = Input::new((network.mean, network.std), Some(halves)).prepare(&other, 2);
        assert!(again.iter().zip(&ready).all(|(a, b)| (a - b).abs() < 1e-6));

        let reversed = Input::new((network.mean, network.std), None).ordered(ChannelOrder::Bgr).prepare(&unit, 2);
        assert_eq!(reversed, [ready[2], ready[1], ready[0], ready[5], ready[4], ready[3]], "blue, green, red");
    }
}
