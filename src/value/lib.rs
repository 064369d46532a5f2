//! What travels on edges, and other programs' files.

pub use ventral_base::{device, diagnostic, digest, stats, text};

#[path = "../formats/mod.rs"]
pub mod formats;
#[path = "mod.rs"]
pub mod value;
