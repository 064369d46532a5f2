//! Pictures on one sheet.

use std::path::Path;

use crate::cli::export::format::{Format, Result, Source};
use crate::value::Value;
use crate::value::ty::Type;

pub const FORMAT: Format = Format { extension: "png", types: &[Type::Images], note: "", write };

fn write(source: &Source<'_>, file: &Path) -> Result {
    let Value::Images(images) = source.value else { source.other() };
    let sheet = crate::report::contact_sheet(images, &(source.pictures)())?;
    sheet.save(file).map_err(|e| e.to_string())?;
    Ok(None)
}
