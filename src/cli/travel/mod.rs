//! The commands of studies that travel: `lock`, `pack`, `unpack`, `fetch`.

mod fetch;
mod lock;
mod pack;

pub use crate::cli::travel::fetch::Fetch;
pub use crate::cli::travel::lock::{Lock, refuse_unless_locked};
pub use crate::cli::travel::pack::{Pack, Unpack};
