//! `ventral watch`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::progress::Progress;
use crate::cli::recipe::{Set, open};
use crate::cli::serve::Place;
use crate::cli::terminal;
use crate::device::Device;
use crate::engine::executor;
use crate::engine::worker::resources::Resources;
use crate::kind::registry::Registry;
use crate::live;
use crate::live::Update;

/// Run a recipe whenever it is saved; its page follows in the browser
///
/// The page shows the graph filling in, charts as their nodes finish, and a mistake in the recipe with its caret while the
/// last good report stays. A save that changes what is computed stops the run under way; a comment does not.
#[derive(Args)]
#[command(after_help = "Example:\n  ventral watch recipes/quickstart.yaml      then open the address it prints")]
pub struct Watch {
    /// The recipe file
    recipe: PathBuf,
    #[command(flatten)]
    set: Set,
    /// Where nodes compute that do not say: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: Device,
    /// At most so many nodes at a time
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// The memory that nodes may need together, such as 12GB; what the machine has free unless given
    #[arg(long, value_name = "SIZE", value_parser = crate::text::quantity::size)]
    memory: Option<u64>,
    #[command(flatten)]
    place: Place,
}

impl Watch {
    pub fn execute(self, registry: &Registry) -> Outcome {
        if !self.recipe.is_file() {
            // Told as `run` tells it, with the recipe that may be meant.
            open(&self.recipe, registry, &self.set.set)?;
        }
        let stop = terminal::interruption().map_err(Failure::Failed)?;
        let bound = self.place.bind()?;
        terminal::print(&format!("watching {}: {}", self.recipe.display(), bound.url()));
        let run = executor::Options { device: self.device, ..executor::Options::default() };
        let options = live::Options { recipe: self.recipe, set: self.set.set, run };
        let resources = Resources { memory: self.memory, jobs: self.jobs.map(|jobs| jobs as usize) };
        let runner = move || resources.runner();
        let mut progress = Progress::new();
        let mut emit = |update: Update<'_>| match update {
            Update::Event(event) => progress.show(event),
            Update::Wrong(wrong) => terminal::note(&wrong.render(terminal::colour())),
            Update::Ended(Ok(page)) => terminal::note(&format!("report: {}", page.display())),
            Update::Ended(Err(why)) => terminal::note(&format!("error: {why}")),
        };
        live::watch(&bound, &options, registry, &runner, &stop, &mut emit).map_err(Failure::Failed)
    }
}
