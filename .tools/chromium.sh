#!/usr/bin/env bash
# Provides a Chromium for the tests that open reports in a real browser. Where it cannot be had, they say so and skip.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: installing chromium for the browser tests"
    (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium fonts-dejavu-core) \
        >/dev/null 2>&1 && exit 0
fi
echo "test: there is no Chromium here; the browser tests will be skipped"
