#!/usr/bin/env bash
# Provides evcxr for `ventral repl` in .evcxr/, once: for terminals, and for Jupyter where asked.
#
#   .tools/repl.sh             evcxr_repl
#   .tools/repl.sh jupyter     evcxr_jupyter too
#
# An evcxr on the path is left alone; EVCXR_ROOT names another place than .evcxr, such as ~/.cargo. It installs with --locked only: newer dependencies do not compile with it.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.22.0
install() { # PACKAGE PROGRAM
    if [ -x ".evcxr/bin/$2" ] || command -v "$2" >/dev/null; then
        return
    fi
    echo "repl: installing $1 $version: 12 minutes on two cores, once"
    CARGO_TARGET_DIR=.evcxr/target cargo install --quiet --locked --root "${EVCXR_ROOT:-.evcxr}" --version "$version" "$1"
}
# A session tells the types of variables from the sources of the standard library.
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] && ! ls -d /usr/src/rustc-*/library >/dev/null 2>&1; then
    echo "repl: installing the sources of Rust's standard library"
    timeout 300 rustup component add rust-src >/dev/null 2>&1 ||
        { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null &&
            (apt-get update && apt-get install --yes --no-install-recommends rust-web-src) >/dev/null 2>&1; } ||
        echo "repl: they cannot be had here; variables need their types, as in: let table: Table = run.table(\"by_layer\")?;"
fi
install evcxr_repl evcxr
if [ "${1:-}" = jupyter ]; then
    install evcxr_jupyter evcxr_jupyter
    # What the tests talk to a kernel with.
    if [ ! -e .evcxr/python/bin/python ]; then
        (python3 -m venv .evcxr/python && .evcxr/python/bin/pip install --quiet --disable-pip-version-check jupyter_client) ||
            echo "repl: jupyter_client cannot be installed here; the test of the kernel will be skipped"
    fi
fi
# 2 GB that nothing needs again.
rm -rf .evcxr/target
