#!/usr/bin/env bash
# Tries the wheel in dist/ as a new user would: a clean environment, nothing of this repository on its way, no libtorch but torch's own.
#
#   .tools/wheel-check.sh          makes an environment and installs the wheel with torch from the registry (a GB or more)
#   .tools/wheel-check.sh FOLDER   installs the wheel alone into an environment that has torch
#
# Then the lines of docs/python.md, `doctor`, and what is said where there is no torch or another.
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=$(ls -t dist/ventral_studies-*.whl 2>/dev/null | head -1)
[ -n "$wheel" ] || { echo "wheel-check: there is no wheel in dist/; \`make wheel\` makes it" >&2; exit 1; }
wheel=$PWD/$wheel
page=$PWD/docs/python.md
scratch=$(mktemp -d)
# The libtorch of this folder is moved away: the wheel must find torch's, or nothing.
here=$PWD
[ ! -e .libtorch ] || [ ! -e .libtorch.away ] || { echo "wheel-check: .libtorch.away is in the way" >&2; exit 1; }
back() {
    rm -rf "$scratch"
    [ ! -e "$here/.libtorch.away" ] || mv "$here/.libtorch.away" "$here/.libtorch"
}
trap back EXIT
[ ! -e .libtorch ] || mv .libtorch .libtorch.away
# What a person's shell has, and no more.
clean() { env -i HOME="$scratch" PATH="$1/bin:/usr/bin:/bin" "${@:2}"; }
fail() { echo "wheel-check: $*" >&2; exit 1; }
said() { grep -qF "$2" <<<"$1" || fail "\`$2\` is not said in: $1"; }

cd "$scratch"
if [ $# = 1 ]; then
    env=$(cd "$OLDPWD" && cd "$1" && pwd)
    clean "$env" python3 -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheel"
else
    env=$scratch/env
    python3 -m venv "$env"
    clean "$env" python3 -m pip install --quiet --disable-pip-version-check "$wheel"
fi
echo "wheel-check: $(basename "$wheel") in $env"

doctor=$(clean "$env" ventral doctor) || fail "doctor: $doctor"
said "$doctor" "$env/lib"
said "$doctor" "torch/lib/libtorch_cpu.so"
said "$doctor" "site-packages/ventral_studies/bin/ventral-worker"

# The page's last line, and its code, to the letter.
start=$SECONDS
line=$(grep -m1 'ventral init study' "$page" | sed 's/^\$ //')
[ "$env" = "$scratch/env" ] || line=${line//env\/bin\//$env/bin/}
line=${line//..\/$env/$env}
clean "$env" bash -c "$line" >out 2>err || fail "$line: $(cat err)"
said "$(cat out)" "0 failed"
echo "wheel-check: from nothing to the first report in $((SECONDS - start)) s"
cd study
clean "$env" python3 -c 'import polars' 2>/dev/null || clean "$env" python3 -c 'import pandas' 2>/dev/null ||
    clean "$env" python3 -m pip install --quiet --disable-pip-version-check polars
code=$(awk '/^```python/ { on = 1; next } /^```/ { on = 0 } on' "$page")
clean "$env" python3 -c "$code" >out 2>err || fail "the page's code: $(cat err)"
said "$(cat out)" explained_variance
for file in man/man1/ventral-run.1 bash-completion/completions/ventral zsh/site-functions/_ventral fish/vendor_completions.d/ventral.fish; do
    [ -s "$env/share/$file" ] || fail "share/$file is not installed"
done

# An environment without torch, and one with another: one sentence each, from the command that loads none.
cd "$scratch"
python3 -m venv bare
clean "$scratch/bare" python3 -m pip install --quiet --disable-pip-version-check --no-deps "$wheel"
site=$(echo bare/lib/python3*/site-packages)
refused() {
    local text
    for command in "doctor" "run study/recipes/quickstart.yaml --force it --node it"; do
        text=$(clean "$scratch/bare" ventral $command 2>&1) && fail "\`ventral $command\` succeeded with $1"
        said "$text" "$2"
    done
    echo "wheel-check: with $1: $(grep -F "$2" <<<"$text" | head -1)"
}
refused "no torch" "torch 2.11, whose libtorch the worker uses, is not installed in"
mkdir "$site/torch"
echo "__version__ = '2.12.1'" >"$site/torch/version.py"
refused "another torch" "torch 2.12.1 is installed in"
echo "wheel-check: all as it should be"
