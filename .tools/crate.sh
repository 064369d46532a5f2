#!/usr/bin/env bash
# Provides roc-validator and the context of RO-Crate 1.1 as npm's ro-crate ships it, in target/tools/crate, for the tests that look whether
# packs are what their profile asks for. Where they cannot be had, those tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=target/tools/crate
python=$tools/bin/python
[ -s $tools/context.json ] && $python -c 'import rocrate_validator' 2>/dev/null && exit 0
mkdir -p $tools
if command -v npm >/dev/null && (cd $tools && npm pack --silent ro-crate@3.1.0 >/dev/null 2>&1 && tar -xzf ro-crate-3.1.0.tgz &&
    node -e 'const all = require("./package/lib/defaults.js"); const found = Object.values(all).concat(Object.values(all.default || {}))
        .map(one => one && one["https://w3id.org/ro/crate/1.1/context"]).find(one => one);
        require("fs").writeFileSync("context.json", JSON.stringify(found))' && rm -rf package ro-crate-3.1.0.tgz) &&
    python3 -m venv $tools && $python -m pip install --quiet --disable-pip-version-check roc-validator==0.13.0; then
    exit 0
fi
echo "test: roc-validator or the context of RO-Crate cannot be had here; the tests that want them will be skipped"
