//! How many windows of a kernel fit along a side.

/// How many windows fit along a side, as PyTorch counts them; none where there is no first one.
pub fn windows(side: usize, kernel: usize, stride: usize, padding: usize, ceil: bool) -> Option<usize> {
    let padded = side + 2 * padding;
    let slack = if ceil { stride - 1 } else { 0 };
    let count = (padded + slack).checked_sub(kernel)? / stride + 1;
    // A window that starts beyond the image and its left padding does not count.
    Some(if ceil && (count - 1) * stride >= side + padding { count - 1 } else { count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_counted_as_pytorch_counts_them() {
        // torch.nn.MaxPool2d(3, 2, ceil_mode=True): 111 → 55, 56 → 28, 2 → 1, and 1 is refused.
        assert_eq!(windows(111, 3, 2, 0, true), Some(55));
        assert_eq!(windows(56, 3, 2, 0, true), Some(28));
        assert_eq!(windows(2, 3, 2, 0, true), Some(1));
        assert_eq!(windows(1, 3, 2, 0, true), None);
        // torch.nn.MaxPool2d(2, 2, padding=1, ceil_mode=True): 3 → 2, the third window would start in the padding.
        assert_eq!(windows(3, 2, 2, 1, true), Some(2));
        assert_eq!(windows(224, 7, 2, 3, false), Some(112));
        assert_eq!(windows(6, 7, 1, 0, false), None);
    }
}
