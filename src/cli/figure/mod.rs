//! `ventral figure` and `ventral figures`: charts and tables of a study, as a journal takes them.

mod all;
mod fonts;
mod length;
mod look;
mod one;
mod pdf;
mod png;
mod style;
mod write;

pub use all::Figures;
pub use one::Figure;
