#!/usr/bin/env bash
# Provides cargo-deny, once: two minutes on two cores, since it is compiled without optimisation.
set -euo pipefail
command -v cargo-deny >/dev/null && exit 0
echo "lint: installing cargo-deny"
CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo install --quiet --locked --version 0.20.2 cargo-deny
