//! Arrays and tensors in, arrays and tensors out: the numerics, which know no node, recipe or cache.

#[cfg(feature = "torch")]
pub mod affine;
#[cfg(feature = "torch")]
pub mod decode;
#[cfg(feature = "torch")]
pub mod eigen;
pub mod folds;
#[cfg(feature = "torch")]
pub mod gram;
pub mod moments;
#[cfg(feature = "torch")]
pub mod pca;
#[cfg(feature = "torch")]
pub mod projection;
pub mod reliability;
#[cfg(feature = "torch")]
pub mod ridge;
pub mod stats;
#[cfg(feature = "torch")]
pub mod tensor;
pub mod wilcoxon;
