//! Tables as they are kept.

use crate::cli::export::format::Format;
use crate::value::ty::Type;

pub const FORMAT: Format =
    Format { extension: "parquet", types: &[Type::Table], note: "", write: |source, file| source.copy(file) };
