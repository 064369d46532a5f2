//! Its worker, which computes: `own-ventral` finds it beside itself.

mod compute;
mod divisive;

use ventral_kind::kind::Kind;

fn main() {
    ventral_worker::run_with(|kinds| kinds.add(Kind::computed::<divisive::Divisive>("own")));
}
