//! All but tables as they are kept.

use crate::cli::export::format::Format;
use crate::value::ty::Type;

pub const FORMAT: Format = Format {
    extension: "safetensors",
    types: &[
        Type::Matrix,
        Type::Responses,
        Type::Split,
        Type::Labels,
        Type::Images,
        Type::Network,
        Type::Fit,
        Type::Rdm,
        Type::Gram,
        Type::Eigen,
        Type::Sums,
    ],
    note: "",
    write: |source, file| source.copy(file),
};
