#!/usr/bin/env bash
# Runs the quickstart on the CPU and on CUDA in caches of their own, and compares what they score.
set -euo pipefail
cd "$(dirname "$0")/.."
ventral=$PWD/target/release/ventral
if "$ventral" doctor --json | tr -d ' \n' | grep -q '"gpus":\[\]'; then
    echo "gpu-check: libtorch sees no CUDA device here (make libtorch-cuda, an NVIDIA driver); nothing was checked" >&2
    exit 1
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for device in cpu cuda; do
    "$ventral" init "$scratch/$device" 2>/dev/null >/dev/null
    "$ventral" run "$scratch/$device/recipes/quickstart.yaml" --device "$device" --no-report
    "$ventral" show "$scratch/$device/recipes/quickstart.yaml" by_layer.table --json > "$scratch/$device.json"
done
python3 - "$scratch/cpu.json" "$scratch/cuda.json" <<'PY'
import json, sys
cpu, cuda = (json.load(open(path)) for path in sys.argv[1:])
worst = max(abs(a["mean"] - b["mean"]) for a, b in zip(cpu, cuda, strict=True))
print(f"gpu-check: {len(cpu)} scores, CPU and CUDA differ by at most {worst:.2e}")
sys.exit(worst > 0.01)
PY
