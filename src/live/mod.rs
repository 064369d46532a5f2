//! Reports while one works: a page that follows a recipe being edited, and all reports of a workspace on loopback.
//!
//! `server` answers requests and refuses what is not its own, `hub` tells listening pages what happens, `watch` runs
//! a recipe whenever it is saved, `shelves` shows what the workspace has.

mod hub;
pub mod index;
mod server;
mod watch;

pub use crate::live::index::serve;
pub use crate::live::server::{Bound, bind};
pub use crate::live::watch::{Options, Update, watch};
