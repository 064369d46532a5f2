//! `ventral figures`: every figure and table of a study's page at once.

use std::path::PathBuf;

use clap::Args;

use crate::cli::figure::look::Look;
use crate::cli::figure::one::said;
use crate::cli::figure::write::{FIGURES, TABLES, Writer, folder, table, write};
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::Recipe;
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::report::Audience;
use crate::report::print::request;
use crate::report::print::request::Printed;

/// All figures and tables of a study's page, as files for a journal
///
/// Figures are numbered in the page's order and named by node and chart, such as 01-by_layer-box.pdf; tables are written as .csv, .md and .tex,
/// and what the page says below each figure as captions.md.
#[derive(Args)]
#[command(after_help = "Example: ventral figures recipes/quickstart.yaml figures --no-title --format pdf,svg")]
pub struct Figures {
    #[command(flatten)]
    recipe: Recipe,
    /// The folder that they go to; made where it is not there
    dir: PathBuf,
    #[command(flatten)]
    look: Look,
    /// The formats of figures, one or several: --format pdf,png
    #[arg(long, value_delimiter = ',', value_parser = FIGURES, default_value = "pdf")]
    format: Vec<String>,
}

impl Figures {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let style = self.look.style().map_err(Failure::Usage)?;
        let session = self.recipe.open(registry)?;
        let survey = session.survey();
        let (items, missing) = session
            .with_study(&survey.outcomes, &survey.sources, Audience::Here, |study| request::all(study, &style))
            .map_err(|why| Failure::Usage(why.to_string()))?;
        for why in &missing {
            terminal::note(&format!("note: {why}"));
        }
        if items.is_empty() {
            let recipe = self.recipe.recipe.display();
            return Err(Failure::Failed(format!("there are no results to draw; `ventral run {recipe}` computes them")));
        }
        let failed = Failure::Failed;
        folder(&self.dir).map_err(failed)?;
        let writer = Writer::new(&style);
        let mut captions = String::new();
        for (at, item) in items.iter().enumerate() {
            let file =
                |name: &str, extension: &str| self.dir.join(format!("{:02}-{}.{extension}", at + 1, plain(name)));
            match item {
                Printed::Figure(figure) => {
                    for format in &self.format {
                        let file = file(&figure.name, format);
                        writer.figure(&figure.drawing, format, &file).map_err(failed)?;
                        said(figure, &file);
                    }
                    captions += &format!(
                        "## {:02}-{}\n\n**{}.** {}",
                        at + 1,
                        plain(&figure.name),
                        figure.title,
                        figure.caption
                    );
                    captions += &format!(" {}\n\n", figure.definition);
                }
                Printed::Table(made) => {
                    for format in TABLES {
                        let file = file(&made.title, format);
                        table(made, format, &file).map_err(failed)?;
                        terminal::print(&format!("wrote {}", file.display()));
                    }
                    if !made.note.is_empty() {
                        terminal::note(&format!("note: {}: {}", made.title, made.note));
                    }
                }
            }
        }
        if !captions.is_empty() {
            let file = self.dir.join("captions.md");
            write(&file, captions.as_bytes()).map_err(failed)?;
            terminal::print(&format!("wrote {}", file.display()));
        }
        Ok(())
    }
}

/// A name that any system takes for a file.
fn plain(name: &str) -> String {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut plain = String::new();
    for c in name.chars() {
        match sound(c) {
            true => plain.push(c),
            false if !plain.ends_with('-') => plain.push('-'),
            false => {}
        }
    }
    plain.trim_matches('-').chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(plain("by_layer.per_unit"), "by_layer-per_unit");
        assert_eq!(plain("../a b/ü:c"), "a-b-c");
    }
}
