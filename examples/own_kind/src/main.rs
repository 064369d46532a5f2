//! The command `own-ventral`: all that `ventral` does, with one kind more. It links no libtorch.

mod divisive;

use std::process::ExitCode;

use ventral_kind::kind::Kind;

fn main() -> ExitCode {
    ventral::run_with(|kinds| kinds.add(Kind::described::<divisive::Divisive>("own")))
}
