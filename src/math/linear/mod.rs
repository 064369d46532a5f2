//! Numerics of linear models: decompositions, ridge regression, projections, decoding.

pub mod affine;
pub mod band;
pub mod banded;
pub mod basis;
pub mod blocks;
pub mod decode;
pub mod dual;
pub mod eigen;
pub mod folds;
pub mod gram;
pub mod krylov;
pub mod moments;
pub mod parallel;
pub mod pca;
pub mod penalty;
pub mod pls;
pub mod projection;
pub mod ridge;
pub mod stacking;
