//! The same numbers along other axes.

use crate::nets::op::operation::Operation;

/// n × channels × height × width to n × (channels · height · width).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flatten;

impl Operation for Flatten {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0].iter().product()])
    }

    fn is_fresh(&self) -> bool {
        false
    }
}

/// Maps to n × height × width × channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelsLast;

impl Operation for ChannelsLast {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0][1], inputs[0][2], inputs[0][0]])
    }

    fn is_fresh(&self) -> bool {
        false
    }
}

/// n × height × width × channels to maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelsFirst;

impl Operation for ChannelsFirst {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0][2], inputs[0][0], inputs[0][1]])
    }

    fn is_fresh(&self) -> bool {
        false
    }
}

/// Maps to n × (height · width) × channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence;

impl Operation for Sequence {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0][1] * inputs[0][2], inputs[0][0]])
    }

    fn is_fresh(&self) -> bool {
        false
    }
}

/// n × tokens × features to n × features of the first token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstToken;

impl Operation for FirstToken {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0][1]])
    }

    fn is_fresh(&self) -> bool {
        false
    }
}
