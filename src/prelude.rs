//! What a session in evcxr or Jupyter sees; no logic.

pub use crate::plan::Plan;
pub use crate::repl::chart::Chart;
pub use crate::repl::draft::Draft;
pub use crate::repl::handle::Run;
pub use crate::repl::images::Images;
pub use crate::repl::matrix::Matrix;
pub use crate::repl::node::{Node, Params, Why};
pub use crate::repl::run::{Graph, Report};
pub use crate::repl::show::Show;
pub use crate::repl::table::Table;
pub use crate::repl::{Outcome, Refusal};
pub use polars::frame::DataFrame;
pub use {ndarray, plotters, polars};
