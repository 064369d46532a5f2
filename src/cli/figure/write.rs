//! Writes figures and tables: an extension is a format.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::cli::figure::fonts::Fonts;
use crate::cli::figure::{pdf, png};
use crate::cli::terminal;
use crate::report::page::table::Table;
use crate::report::print::shape::Drawing;
use crate::report::print::style::Style;
use crate::report::print::svg::svg;
use crate::report::print::tables;

/// Extensions of figures.
pub const FIGURES: [&str; 3] = ["pdf", "svg", "png"];
/// Extensions of tables.
pub const TABLES: [&str; 3] = ["csv", "md", "tex"];

/// What a file is to be, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Figure(&'static str),
    Table(&'static str),
}

impl Target {
    /// By a file's extension; an error lists those that there are.
    pub fn of(file: &Path) -> Result<Self, String> {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        let known = |list: &[&'static str; 3]| list.iter().copied().find(|known| *known == extension);
        known(&FIGURES).map(Self::Figure).or_else(|| known(&TABLES).map(Self::Table)).ok_or_else(|| {
            format!(
                "{}: a figure is written as .{}, a table as .{}",
                file.display(),
                FIGURES.join(", ."),
                TABLES.join(", .")
            )
        })
    }
}

/// Writes in a style; looks for fonts once, and says once which stands in.
pub struct Writer<'a> {
    style: &'a Style,
    fonts: OnceLock<Result<Fonts, String>>,
}

impl<'a> Writer<'a> {
    pub fn new(style: &'a Style) -> Self {
        Self { style, fonts: OnceLock::new() }
    }

    fn fonts(&self) -> Result<&Fonts, String> {
        let found = self.fonts.get_or_init(|| {
            let found = Fonts::find(&self.style.fonts);
            if let Ok(Fonts { note: Some(note), .. }) = &found {
                terminal::note(&format!("note: {note}"));
            }
            found
        });
        found.as_ref().map_err(Clone::clone)
    }

    /// Writes a figure.
    pub fn figure(&self, drawing: &Drawing, format: &str, file: &Path) -> Result<(), String> {
        let bytes = match format {
            "svg" => svg(drawing, &self.style.fonts).into_bytes(),
            "png" => png::png(drawing, self.fonts()?, self.style.dpi)?,
            _ => pdf::pdf(drawing, self.fonts()?)?,
        };
        write(file, &bytes)
    }
}

/// Writes a table.
pub fn table(table: &Table, format: &str, file: &Path) -> Result<(), String> {
    let text = match format {
        "csv" => tables::csv(table),
        "md" => tables::markdown(table),
        _ => tables::tex(table),
    };
    write(file, text.as_bytes())
}

/// Writes a file, whole or not at all.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    let wrong = |e: std::io::Error| format!("{}: {e}", file.display());
    let name = file.file_name().ok_or_else(|| format!("{} names no file", file.display()))?;
    let scratch = file.with_file_name(format!(".{}.new", name.to_string_lossy()));
    fs::write(&scratch, bytes).and_then(|()| fs::rename(&scratch, file)).map_err(|e| {
        let _ = fs::remove_file(&scratch);
        wrong(e)
    })
}

/// Makes the folder that files go to.
pub fn folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_formats() {
        let of = |file: &str| Target::of(Path::new(file));
        assert_eq!(of("a/b.PDF"), Ok(Target::Figure("pdf")));
        assert_eq!(of("b.tex"), Ok(Target::Table("tex")));
        assert_eq!(
            of("b.gif"),
            Err("b.gif: a figure is written as .pdf, .svg, .png, a table as .csv, .md, .tex".to_owned())
        );
        assert!(of("pdf").is_err());
    }
}
