//! Studies that travel: locked to what they were made with, packed for a colleague, unpacked to the same bytes.

mod archive;
mod carried;
pub mod inputs;
pub mod lock;
pub mod manifest;
mod names;
pub mod pack;
mod private;
pub mod programs;
mod readme;
mod ro_crate;
mod sha;
pub mod unpack;
