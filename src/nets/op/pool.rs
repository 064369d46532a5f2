//! Numbers over windows of maps.

use crate::nets::op::operation::Operation;
use crate::nets::op::windows::windows;

/// A maximum over square windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Whether a last window that is not full counts.
    pub ceil: bool,
}

impl MaxPool {
    /// Full windows without padding.
    pub const fn new(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, padding: 0, ceil: false }
    }
}

/// Average pooling to size × size, whatever the input's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AveragePool {
    pub size: usize,
}

/// The mean over square windows; padding counts as zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AverageWindow {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Operation for MaxPool {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let side = |side| windows(side, self.kernel, self.stride, self.padding, self.ceil);
        Some(vec![inputs[0][0], side(inputs[0][1])?, side(inputs[0][2])?])
    }
}

impl Operation for AveragePool {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        Some(vec![inputs[0][0], self.size, self.size])
    }
}

impl Operation for AverageWindow {
    fn shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        let side = |side| windows(side, self.kernel, self.stride, self.padding, false);
        Some(vec![inputs[0][0], side(inputs[0][1])?, side(inputs[0][2])?])
    }
}
