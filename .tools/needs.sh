#!/usr/bin/env bash
# Says which tests cannot run on this machine, for want of what they need; tests/needs/mod.rs says what that is.
#
#   .tools/needs.sh nextest     a filter for cargo-nextest that leaves them out
#   .tools/needs.sh test        the same as arguments after `cargo test --`
#   .tools/needs.sh slow        those of what `make slow` runs
#
# What is missing is told on standard error. VENTRAL_MUST lists needs that must be met: where one is not, this fails.
set -euo pipefail
cd "$(dirname "$0")/.."
have() { command -v "$1" >/dev/null 2>&1; }
evcxr() { { [ -x ".evcxr/bin/$1" ] || have "$1"; } && [ -f cache/repl/1/prepared ] && [ -d cache/repl/std/core/src ]; }

met() {
    case $1 in
    chromium) { have chromium || have chromium-browser || have google-chrome; } && [ -s target/tools/axe.min.js ] ;;
    evcxr) evcxr evcxr ;;
    jupyter) evcxr evcxr_jupyter && [ -x .evcxr/python/bin/python ] ;;
    shared) [ -d ../shared/data/v4-201025 ] && [ -d ../shared/data/v4-210325 ] && [ -e ../shared/weights/squeezenet1_1.safetensors ] ;;
    similarity) [ -f ../shared/data/similarity/92_brainRDMs.mat ] && [ -f ../shared/data/similarity/simTruePatterns.mat ] ;;
    python) [ -x target/tools/python/bin/python ] && target/tools/python/bin/python -c 'import numpy, h5py, PIL, scipy' 2>/dev/null && [ -f ../shared/data/make_it_h5.py ] ;;
    python3) have python3 ;;
    numpy) [ -x target/tools/python/bin/python ] && target/tools/python/bin/python -c 'import numpy' 2>/dev/null ;;
    polars) [ -x target/tools/python/bin/python ] && target/tools/python/bin/python -c 'import numpy, polars' 2>/dev/null ;;
    pypdf) [ -x target/tools/python/bin/python ] && target/tools/python/bin/python -c 'import pypdf' 2>/dev/null ;;
    rscript) have Rscript ;;
    torchvision)
        for python in "${VENTRAL_PYTHON:-}" .peers/bin/python python3; do
            [ -n "$python" ] && "$python" -c 'import torchvision, safetensors' 2>/dev/null && return 0
        done
        return 1
        ;;
    namespaces) have unshare && unshare --user --map-root-user --mount true 2>/dev/null ;;
    crate) [ -s target/tools/crate/context.json ] && target/tools/crate/bin/python -c 'import rocrate_validator' 2>/dev/null ;;
    no_gpu) [ ! -e /dev/nvidia0 ] ;;
    esac
}
declare -A want=(
    [chromium]="Chromium and axe-core (.tools/chromium.sh, .tools/axe.sh)"
    [evcxr]="evcxr and its library (make repl)"
    [jupyter]="evcxr's Jupyter kernel (make jupyter)"
    [shared]="recordings and weights in ../shared"
    [similarity]="dissimilarities of 92 images in ../shared/data/similarity"
    [python]="a Python with numpy, h5py, pillow and scipy (.tools/python.sh)"
    [python3]="python3 on the path"
    [numpy]="a Python with numpy (.tools/python.sh)"
    [polars]="a Python with numpy and polars (.tools/python.sh)"
    [pypdf]="a Python with pypdf (.tools/python.sh)"
    [rscript]="R's Rscript on the path (such as Debian's r-base-core)"
    [torchvision]="a Python with torchvision and safetensors (VENTRAL_PYTHON names one; make bench installs one)"
    [namespaces]="user and mount namespaces"
    [crate]="roc-validator and the context of RO-Crate (.tools/crate.sh)"
    [no_gpu]="a machine without a GPU"
)
missing=()
needs="chromium evcxr jupyter shared similarity python python3 numpy polars pypdf rscript namespaces crate no_gpu"
# Only tests that `make slow` runs want it.
[ "${1:-}" = slow ] && needs="shared torchvision"
for need in $needs; do
    met "$need" && continue
    case " ${VENTRAL_MUST:-} " in
    *" $need "*)
        echo "!! ${want[$need]}: must be here (VENTRAL_MUST), and is not" >&2
        exit 1
        ;;
    esac
    echo "!! SKIPPED: the tests in needs_$need, which want ${want[$need]}" >&2
    missing+=("needs_$need")
done
case ${1:-nextest} in
nextest)
    [ ${#missing[@]} = 0 ] && exit 0
    all=""
    for one in "${missing[@]}"; do all="$all${all:+ | }test($one)"; done
    echo "not ($all)"
    ;;
test | slow) for one in "${missing[@]}"; do printf -- '--skip %s ' "$one"; done ;;
esac
