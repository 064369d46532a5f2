//! Reports while one works: a page that follows a recipe being edited, and all reports of a workspace on loopback.
//!
//! `server` answers requests and refuses what is not its own, `hub` tells listening pages what happens, `watch` runs
//! a recipe whenever it is saved, `shelves` shows what the workspace has.

mod hub;
mod server;
mod shelves;
mod watch;

pub use self::server::{Bound, bind};
pub use self::shelves::serve;
pub use self::watch::{Options, Told, watch};
