#!/usr/bin/env bash
# Compares every node that computes on a GPU with itself on the CPU, and times both; exits 1 beyond 1e-3.
#
# Builds where cargo is; elsewhere target/release/{ventral,ventral-worker} must have been carried along. libtorch is the
# one they were built against where that has CUDA parts (make libtorch-cuda), else the one of python3's torch.
#
#   VENTRAL_GPU_CHECK_DEVICE=cpu   compares the CPU with itself, to try this script without a GPU
#   VENTRAL_GPU_CHECK_IMAGES=512   how many images, of VENTRAL_GPU_CHECK_SIZE=224 pixels a side
set -euo pipefail
cd "$(dirname "$0")/.."
ventral=$PWD/target/release/ventral
if command -v cargo >/dev/null; then
    make --no-print-directory build
elif [ ! -x "$ventral" ] || [ ! -x "$ventral-worker" ]; then
    echo "gpu-check: there is no cargo here, and no target/release/ventral and ventral-worker; build them elsewhere (make build) and bring them along" >&2
    exit 1
fi
exec python3 .tools/gpu_check.py "$ventral"
