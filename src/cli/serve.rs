//! `ventral serve`, and where servers listen.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::outcome::{Failure, Outcome};
use crate::cli::terminal;
use crate::kind::registry::Registry;
use crate::live;
use crate::live::Bound;
use crate::workspace::publish;

/// The port that is tried first, so that a bookmark stays good.
const PORT: u16 = 8414;

/// All reports of the workspace in the browser, and what runs now
///
/// It listens on this machine only, answers to its own address only, and gives nothing but what lies in reports/.
#[derive(Args)]
pub struct Serve {
    /// The workspace, or a folder in it
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Where a server listens.
#[derive(Args)]
pub struct Place {
    /// The port; 8414 or, where that is taken, any free one unless given
    #[arg(long)]
    port: Option<u16>,
    /// The address to listen on. Whoever reaches another than loopback can read every report
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
}

impl Place {
    /// Takes the port.
    pub fn bind(&self) -> Result<Bound, Failure> {
        if !self.bind.is_loopback() {
            terminal::note(&format!("warning: {} is not this machine alone; others can read every report", self.bind));
        }
        let bound = match self.port {
            Some(port) => live::bind(self.bind, port),
            None => live::bind(self.bind, PORT).or_else(|_| live::bind(self.bind, 0)),
        };
        bound.map_err(Failure::Failed)
    }
}

impl Serve {
    pub fn execute(self, registry: &Registry) -> Outcome {
        let workspace = publish::workspace_at(&self.workspace).map_err(Failure::Usage)?;
        let stop = terminal::interruption().map_err(Failure::Failed)?;
        let bound = self.place.bind()?;
        terminal::print(&format!("serving the reports of {}: {}", workspace.display(), bound.url()));
        live::serve(&bound, &workspace, registry, &stop);
        Ok(())
    }
}
