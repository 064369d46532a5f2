//! What the command prints, as people read it: help that teaches, the manual, and slips pointed at.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes the expected texts anew.

#[test]
fn the_command_says_what_it_said() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").env("NO_COLOR", "1").env("COLUMNS", "100");
}
