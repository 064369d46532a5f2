//! The process that computes nodes with libtorch, told what to do by the executor.

mod serve;
mod step;

use ventral_base::{device, digest, system};
use ventral_engine::engine;
use ventral_kind::kind;
use ventral_math::libtorch;
use ventral_value::value;

use crate::kind::registry::Registry;

/// The worker, with kinds of one's own beside those that ship: the other half of a command that knows them (`ventral::run_with`).
///
/// It is the whole of a `main`. A command NAME looks for NAME-worker beside itself. `examples/own_kind/` is one of each:
///
/// ```ignore
/// fn main() {
///     ventral_worker::run_with(|kinds| kinds.add(Kind::computed::<Divisive>("own")));
/// }
/// ```
///
/// # Panics
///
/// Where two kinds have one name.
pub fn run_with(add: impl FnOnce(&mut Registry)) {
    match std::env::args().nth(1).as_deref() {
        None => {
            let mut registry = ventral_nodes_torch::nodes::registry();
            add(&mut registry);
            serve::serve(&registry)
        }
        Some("--step") => step::watch(),
        Some("--describe") => {
            libtorch::start();
            let description = libtorch::describe();
            println!("{}", serde_json::to_string(&description).expect("a description serialises"));
        }
        Some(other) => {
            eprintln!("error: ventral-worker is started by `ventral`; it takes no `{other}`");
            std::process::exit(2);
        }
    }
}
