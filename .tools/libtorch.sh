#!/usr/bin/env bash
# Provides libtorch 2.11.0 for the worker in .libtorch/ from PyPI's wheels: once, then it is kept.
#
#   .tools/libtorch.sh         the CPU parts (500 MB)
#   .tools/libtorch.sh cuda    the whole wheel with its CUDA parts and NVIDIA's libraries
#
# A LIBTORCH or LIBTORCH_USE_PYTORCH of your own is left alone. One binary serves CPU and CUDA: the worker
# loads libtorch_cuda.so at start where it lies beside libtorch_cpu.so.
set -euo pipefail
cd "$(dirname "$0")/.."
version=2.11.0
flavour=${1:-cpu}
target=.libtorch
wheels=.wheels

if [ "$flavour" = cpu ]; then
    if [ -n "${LIBTORCH_USE_PYTORCH:-}" ]; then
        echo "libtorch: the one of this Python (LIBTORCH_USE_PYTORCH)"; exit 0
    fi
    if [ -n "${LIBTORCH:-}" ]; then
        echo "libtorch: $LIBTORCH (LIBTORCH)"; exit 0
    fi
    if [ "$(cat $target/build-version 2>/dev/null)" = "$version" ]; then
        exit 0
    fi
elif [ -e $target/lib/libtorch_cuda.so ] && [ "$(cat $target/build-version 2>/dev/null)" = "$version" ]; then
    exit 0
fi
if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "libtorch: only Linux on x86-64 is provided for; set LIBTORCH to a libtorch $version of yours" >&2
    exit 2
fi

fetch() { python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: --dest $wheels "$@"; }
unpack() { # WHEEL INTO PATTERN...
    python3 - "$@" <<'PY'
import fnmatch, sys, zipfile
wheel, into, *patterns = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    names = [n for n in archive.namelist() if any(fnmatch.fnmatch(n, p) for p in patterns)]
    if not names:
        sys.exit(f"{wheel} holds nothing like {patterns}")
    archive.extractall(into, names)
PY
}

echo "libtorch: fetching torch $version ($flavour) from PyPI (550 MB, once)"
mkdir -p $wheels
scratch=$(mktemp -d .libtorch.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
if [ "$flavour" = cpu ]; then
    fetch --no-deps "torch==$version" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
    unpack $wheels/torch-$version-*.whl "$scratch" 'torch/include/*' torch/lib/libc10.so torch/lib/libtorch_cpu.so 'torch/lib/libgomp*'
else
    fetch "torch==$version"
    unpack $wheels/torch-$version-*.whl "$scratch" 'torch/include/*' 'torch/lib/*'
fi
for wheel in $wheels/nvidia_*.whl; do
    if [ "$flavour" = cpu ]; then
        unpack "$wheel" "$scratch" 'nvidia/*/lib/libcudart.so.13' 'nvidia/*/lib/libcupti.so.13'
    else
        unpack "$wheel" "$scratch" 'nvidia/*/lib/*.so*'
    fi
done
mv "$scratch"/torch/include "$scratch"/torch/lib "$scratch"/
find "$scratch"/nvidia -name '*.so*' -exec mv -n {} "$scratch"/lib/ \;
rm -rf "$scratch"/torch "$scratch"/nvidia
# torch-sys links `torch`; the wheel's own libtorch.so would need the CUDA parts.
echo 'INPUT(libtorch_cpu.so)' > "$scratch"/lib/libtorch.so
echo "$version" > "$scratch"/build-version
rm -rf $target
mv "$scratch" $target
trap - EXIT
rm -rf $wheels
echo "libtorch: ready in $target/ ($(du -sh $target | cut -f1))"
