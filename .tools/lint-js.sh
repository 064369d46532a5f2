#!/usr/bin/env bash
# Looks over the scripts of pages with eslint, which npm puts into target/tools/js, once.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=target/tools/js
if [ ! -x $tools/node_modules/.bin/eslint ]; then
    if ! command -v npm >/dev/null; then
        echo "lint: npm is not here; the pages' scripts were not looked over" >&2
        [ -z "${CI:-}" ]
        exit
    fi
    mkdir -p $tools
    echo '{ "private": true }' >$tools/package.json
    (cd $tools && npm install --silent --no-audit --no-fund eslint@9.39.1 @eslint/js@9.39.1 globals@16.5.0)
fi
cp .tools/eslint.config.mjs $tools/eslint.config.mjs
# The configuration finds its packages beside itself; the scripts are given as copies of what is committed here.
rm -rf $tools/pages && mkdir -p $tools/pages
find src -name '*.js' -exec cp -t $tools/pages {} +
(cd $tools && node_modules/.bin/eslint --max-warnings 0 pages)
