#!/usr/bin/env bash
# Provides a Python with numpy, h5py, pillow, scipy, polars and pypdf for the tests that read what Python writes, in target/tools/python.
set -euo pipefail
cd "$(dirname "$0")/.."
python=target/tools/python/bin/python
[ -x $python ] && $python -c 'import numpy, h5py, PIL, scipy, polars, pypdf' 2>/dev/null && exit 0
mkdir -p target/tools
if ! { python3 -m venv target/tools/python && $python -m pip install --quiet --disable-pip-version-check numpy h5py pillow scipy polars pypdf; }; then
    echo "test: numpy, h5py, pillow, scipy, polars and pypdf cannot be had here; the tests that want them will be skipped"
fi
