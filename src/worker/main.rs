//! The process that computes nodes with libtorch, told what to do by the executor.

mod serve;
mod step;

use ventral_base::{device, digest};
use ventral_engine::engine;
use ventral_kind::kind;
use ventral_math::libtorch;
use ventral_value::value;

fn main() {
    let registry = ventral_nodes_torch::nodes::registry();
    match std::env::args().nth(1).as_deref() {
        None => serve::serve(&registry),
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
