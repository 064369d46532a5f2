//! The command: parse arguments, print the error, exit.

fn main() -> std::process::ExitCode {
    ventral::run_with(|_| {})
}
