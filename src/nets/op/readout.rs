//! Readouts: maps to a number per unit or class.

use rand_chacha::ChaCha12Rng;

use crate::nets::op::draw::{normal, uniform};
use crate::nets::op::operation::{Learning, Operation};

/// A readout with a spatial mask and feature weights per unit (Klindt et al. 2017, arXiv:1711.02653): maps to n × units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factorised {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub units: usize,
}

/// A readout of the features at one place per unit, learned as the mean of a Gaussian (Lurz et al. 2021): maps to n × units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    pub channels: usize,
    pub units: usize,
}

/// What stands between a readout's sum and a unit's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Any number.
    Identity,
    /// log(1 + exp(x)): a rate, above 0.
    Softplus,
}

/// Numbers of units from the scale on which a readout was trained to that of the responses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unscale {
    pub units: usize,
    pub link: Link,
}

/// Logits to probabilities along the last axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax;

impl Operation for Factorised {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let Self { channels, height, width, units } = *self;
        vec![("mask", vec![units, height, width]), ("weight", vec![units, channels]), ("bias", vec![units])]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        (*inputs[0] == [self.channels, self.height, self.width]).then(|| vec![self.units])
    }

    fn draw(&self, part: &str, shape: &[usize], rng: &mut ChaCha12Rng) -> Vec<f32> {
        let count = shape.iter().product();
        match part {
            // Nearly the mean over the map at first, so that no place is preferred.
            "mask" => {
                let mean = 1.0 / (self.height * self.width) as f32;
                normal(0.3 * mean, count, rng).into_iter().map(|x| mean + x).collect()
            }
            "weight" => uniform((self.channels as f32).sqrt().recip(), count, rng),
            _ => vec![0.0; count],
        }
    }
}

impl Operation for Gaussian {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let Self { channels, units } = *self;
        vec![
            ("position", vec![units, 2]),
            ("spread", vec![units, 2]),
            ("weight", vec![units, channels]),
            ("bias", vec![units]),
        ]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        (inputs[0][0] == self.channels).then(|| vec![self.units])
    }

    fn draw(&self, part: &str, shape: &[usize], rng: &mut ChaCha12Rng) -> Vec<f32> {
        let count = shape.iter().product();
        match part {
            "position" => uniform(0.3, count, rng),
            "spread" => vec![0.2; count],
            "weight" => uniform((self.channels as f32).sqrt().recip(), count, rng),
            _ => vec![0.0; count],
        }
    }

    /// Places are no weights.
    fn learning(&self, part: &str) -> Learning {
        if ["position", "spread"].contains(&part) { Learning::Spared } else { Learning::Decayed }
    }
}

impl Operation for Unscale {
    fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("scale", vec![self.units]), ("shift", vec![self.units])]
    }

    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }

    fn draw(&self, part: &str, shape: &[usize], _: &mut ChaCha12Rng) -> Vec<f32> {
        vec![if part == "scale" { 1.0 } else { 0.0 }; shape.iter().product()]
    }

    /// The scale of the responses is known.
    fn learning(&self, _: &str) -> Learning {
        Learning::Fixed
    }
}

impl Operation for Softmax {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(inputs[0].to_vec())
    }
}
