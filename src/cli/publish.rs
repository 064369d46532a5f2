//! `ventral publish`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::workspace::publish;

/// A static site of all reports: an index, leaderboards, a search
///
/// Every recipe that ran here and has current results gets its page, and the index a card for it; where a node failed, the card says so. The site opens from
/// a folder, a USB stick or GitHub Pages; it asks nobody for anything, and has the same bytes while the results do.
/// Pictures that a recipe keeps private (by default all that are read from files; see `private:` in a recipe) are left out.
#[derive(Args)]
#[command(after_help = "Examples:\n  ventral publish site\n  ventral publish site --title \"IT and V4, our lab\"\n  \
    ventral publish site --only v4_layers --only quickstart\n  \
    ventral init --pages .      (a workflow that puts site/ on GitHub Pages)")]
pub struct Publish {
    /// The folder of the site; made where it is not there
    dir: PathBuf,
    /// The site's title
    #[arg(long, default_value = "Encoding models of visual cortex")]
    title: String,
    /// Publish this study alone, by the name of its report; may be given again. The site then has no other
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The workspace, or a folder in it
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Publish {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let workspace = publish::workspace_at(&self.workspace).map_err(Failure::Usage)?;
        publish::known(&workspace, &self.only).map_err(Failure::Usage)?;
        let done =
            publish::publish(&workspace, &self.dir, &self.title, &self.only, registry).map_err(Failure::Failed)?;
        for (name, why) in &done.left_out {
            terminal::note(&format!("left out {name}: {why}"));
        }
        for name in &done.failed {
            terminal::note(&format!("{name}: shown as failed, since a node of it failed"));
        }
        for name in &done.private {
            terminal::note(&format!("{name}: pictures left out, since they are private"));
        }
        if self.json {
            terminal::print_json(&serde_json::to_value(&done).expect("what was done serialises"));
        } else {
            let studies = if done.studies.len() == 1 { "study" } else { "studies" };
            terminal::print(&format!(
                "{} {studies}: {} files written, {} unchanged, {} removed",
                done.studies.len(),
                done.written,
                done.unchanged,
                done.removed.len()
            ));
            terminal::print(&format!("site: {}", self.dir.join("index.html").display()));
        }
        if done.studies.is_empty() {
            return Err(Failure::Failed("there is nothing to publish; `ventral run` makes results".to_owned()));
        }
        Ok(())
    }
}
