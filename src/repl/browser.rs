//! The browser, where there is one.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::repl::{Outcome, Refusal};

/// Opens a file as the desktop does.
pub fn open(path: &Path) -> Outcome<()> {
    let started = ["xdg-open", "open"].iter().any(|program| {
        let mut command = Command::new(program);
        command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
    });
    if started {
        Ok(())
    } else {
        Err(Refusal::new(format!("there is no browser here; the file is {}", path.display())))
    }
}
