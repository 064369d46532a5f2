//! `ventral figure`: one chart or one table of a study as a file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::figure::look::Look;
use crate::cli::figure::write::{Target, Writer, table, write};
use crate::cli::outcome::{Failure, Outcome};
use crate::cli::recipe::Recipe;
use crate::cli::result::found;
use crate::cli::terminal;
use crate::engine::record::State;
use crate::kind::registry::Registry;
use crate::plan::NodeIndex;
use crate::report::print::layout::millimetres;
use crate::report::print::request;
use crate::report::print::request::{PrintedFigure, Refusal};
use crate::report::print::style::{MM, Style};
use crate::report::{Audience, Study, charts};
use crate::text::nearest::nearest;
use crate::workspace::Session;
use crate::workspace::reference::resolve;

/// Journals' pages hold figures of this height, in millimetres.
const PAGE: f64 = 240.0;

/// A chart of a study as a figure for a journal, or a table for its text
///
/// The chart is drawn at its size: 89 mm wide with text of 7 points unless given. A .pdf has text as text in fonts that are embedded, a .svg
/// leaves fonts to whoever opens it, a .png has 300 pixels an inch. A table is written as .tex, .md or .csv; NODE:CHART as .csv gives the
/// numbers of the chart.
#[derive(Args)]
#[command(after_help = "Examples:
  ventral figure recipes/quickstart.yaml by_layer by_layer.pdf --no-title --panel a
  ventral figure recipes/quickstart.yaml by_layer:violin wide.svg --width 183mm --font Arial --size 6pt
  ventral figure recipes/quickstart.yaml by_layer.table table.tex")]
pub struct Figure {
    #[command(flatten)]
    recipe: Recipe,
    /// The node and its chart: by_layer, by_layer:violin, scores@layer=layer4:histogram; for a table the node and its port: by_layer.table
    #[arg(value_name = "NODE[:CHART]")]
    node: String,
    /// The file; its extension is the format: .pdf, .svg, .png; .tex, .md, .csv
    file: PathBuf,
    #[command(flatten)]
    look: Look,
    /// The panel's letter, bold at its top left
    #[arg(long, value_name = "LETTER")]
    panel: Option<String>,
}

/// What is meant by a reference and a chart's name.
struct Meant<'a> {
    reference: &'a str,
    chart: Option<&'a str>,
    nodes: Vec<NodeIndex>,
    /// Where it was named.
    port: Option<String>,
}

impl Figure {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let target = Target::of(&self.file).map_err(Failure::Usage)?;
        let style = self.look.style().map_err(Failure::Usage)?;
        let session = self.recipe.open(registry)?;
        let meant = meant(&session, &self.node)?;
        let survey = session.survey();
        let known =
            |&node: &NodeIndex| matches!(survey.outcomes[node].state, State::Cached | State::Ran | State::Dropped);
        if !meant.nodes.iter().all(known) {
            // Says what is lacking and which command makes it.
            found(&session, meant.reference)?;
        }
        let sources = &survey.sources;
        session.with_study(&survey.outcomes, sources, Audience::Here, |study| match (target, meant.chart) {
            (Target::Figure(format), _) => {
                let figure = self.drawn(&session, study, &meant, &style)?;
                Writer::new(&style).figure(&figure.drawing, format, &self.file).map_err(failed)?;
                said(&figure, &self.file);
                Ok(())
            }
            (Target::Table("csv"), Some(_)) => {
                let figure = self.drawn(&session, study, &meant, &style)?;
                write(&self.file, figure.numbers.as_bytes()).map_err(failed)?;
                terminal::print(&format!("wrote {}", self.file.display()));
                Ok(())
            }
            (Target::Table(format), Some(chart)) => Err(Failure::Usage(format!(
                "the numbers of a chart are written as .csv, not .{format}; without `:{chart}`, {} means a table",
                meant.reference
            ))),
            (Target::Table(format), None) => self.tabled(&session, study, &meant, format),
        })
    }

    fn drawn(
        &self,
        session: &Session,
        study: &Study<'_>,
        meant: &Meant<'_>,
        style: &Style,
    ) -> Result<PrintedFigure, Failure> {
        let of = (&meant.nodes[..], meant.port.as_deref());
        let drawn = request::figure(study, of, meant.chart, (style, self.panel.as_deref()));
        drawn.map_err(|why| match why {
            Refusal::Unfit(why) => Failure::Usage(why),
            Refusal::Missing(why) => self.missing(session, study, meant, &why),
        })
    }

    /// What there is instead of a chart that is not there.
    fn missing(&self, session: &Session, study: &Study<'_>, meant: &Meant<'_>, why: &str) -> Failure {
        let can = request::charts_of(study, &meant.nodes, meant.port.as_deref());
        let reference = meant.reference;
        match (can.first(), meant.chart) {
            (None, _) => match found(session, reference) {
                Ok(_) => Failure::Usage(format!("`{reference}` has no chart: {why}")),
                Err(lack) => lack,
            },
            (Some(_), Some(chart)) => {
                Failure::Usage(format!("`{reference}` has no chart `{chart}`; it has {}", can.join(", ")))
            }
            (Some(first), None) => Failure::Usage(format!(
                "`{reference}` has no chart of its own; name one of {}, such as `{reference}:{first}`",
                can.join(", ")
            )),
        }
    }

    fn tabled(&self, session: &Session, study: &Study<'_>, meant: &Meant<'_>, format: &str) -> Outcome {
        let Some(made) = request::table_of(study, &meant.nodes, meant.port.as_deref()) else {
            found(session, meant.reference)?;
            return Err(Failure::Usage(format!(
                "`{}` is no table; `ventral export` writes arrays, and .pdf, .svg or .png its charts",
                meant.reference
            )));
        };
        table(&made, format, &self.file).map_err(failed)?;
        if !made.note.is_empty() {
            terminal::note(&format!("note: {}", made.note));
        }
        terminal::print(&format!("wrote {}", self.file.display()));
        Ok(())
    }
}

/// Says what was written, and what must be known of it.
pub fn said(figure: &PrintedFigure, file: &Path) {
    let (width, height) = (figure.drawing.width, figure.drawing.height);
    terminal::print(&format!("wrote {}, {} × {} mm", file.display(), millimetres(width), millimetres(height)));
    if height > PAGE * MM {
        let tall = millimetres(height);
        terminal::note(&format!(
            "note: {tall} mm are more than a journal's page holds; a greater --width sets panels side by side"
        ));
    }
    if figure.private {
        terminal::note(&format!("note: {} shows pictures that the recipe keeps private", file.display()));
    }
}

fn failed(why: String) -> Failure {
    Failure::Failed(why)
}

/// Reads `NODE[.PORT][@VARIANT][:CHART]`.
fn meant<'a>(session: &Session, text: &'a str) -> Result<Meant<'a>, Failure> {
    let whole = || resolve(session, text);
    let (reference, chart) = match text.rsplit_once(':') {
        Some((reference, chart)) if charts().get(chart).is_some() => (reference, Some(chart)),
        // A value of a variant may hold a colon.
        Some(_) if text.contains('@') && whole().is_ok() => (text, None),
        Some((reference, chart)) => {
            resolve(session, reference).map_err(Failure::Usage)?;
            let near = nearest(chart, charts().names()).map(|near| format!("; did you mean `{reference}:{near}`?"));
            let names: Vec<&str> = charts().names().collect();
            let near = near.map_or_else(|| "; there are ".to_owned(), |near| near + " There are ");
            return Err(Failure::Usage(format!("there is no chart `{chart}`{near}{}", names.join(", "))));
        }
        None => (text, None),
    };
    let target = resolve(session, reference).map_err(Failure::Usage)?;
    if let Some(key) = &target.key {
        return Err(Failure::Usage(format!("a figure shows all of a port; leave `[{key}]` out of `{reference}`")));
    }
    // A port counts only where it was named: a chart finds the right one by itself.
    let named = reference.split('@').next().is_some_and(|head| head.contains('.'));
    Ok(Meant { reference, chart, nodes: target.nodes, port: named.then_some(target.port) })
}
