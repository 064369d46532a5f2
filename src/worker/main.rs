//! The worker that ships.

fn main() {
    ventral_worker::run_with(|_| {});
}
