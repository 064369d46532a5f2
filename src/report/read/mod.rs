//! What a report reads: results of a run, their measures and their state.

pub mod asked;
pub mod best;
pub mod derived;
pub mod grid;
pub mod measure;
pub mod order;
pub mod over;
pub mod pairs;
pub mod results;
pub mod row;
pub mod sample;
pub mod scored;
pub mod shares;
pub mod similar;
pub mod status;
pub mod study;
