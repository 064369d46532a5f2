//! Figures and tables for a journal: a chart drawn at its size in print, as shapes that any format writes, and tables as text.

pub mod layout;
pub mod markup;
pub mod request;
pub mod shape;
pub mod style;
pub mod svg;
pub mod tables;
