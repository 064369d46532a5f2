//! How anything is drawn: SVG, axes, figures, numbers, Markdown.

pub mod axis;
pub mod base64;
pub mod dag;
pub mod data;
pub mod density;
pub mod figure;
pub mod markdown;
pub mod medium;
pub mod number;
pub mod svg;
pub mod way;
pub mod yaml;
