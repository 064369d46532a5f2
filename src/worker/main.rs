//! The process that computes nodes with libtorch, told what to do by the executor.

fn main() {
    let registry = ventral_torch::nodes::registry();
    match std::env::args().nth(1).as_deref() {
        None => ventral_torch::engine::serve::serve(&registry),
        Some("--describe") => {
            ventral_torch::device::start();
            let description = ventral_torch::device::describe();
            println!("{}", serde_json::to_string(&description).expect("a description serialises"));
        }
        Some(other) => {
            eprintln!("error: ventral-worker is started by `ventral`; it takes no `{other}`");
            std::process::exit(2);
        }
    }
}
