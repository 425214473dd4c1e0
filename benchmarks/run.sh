#!/usr/bin/env bash
# Measures the library against its peers in an environment of its own, build/bench-venv.
#
#   run.sh [--quick] [--keep] [PART...]   `run.sh --help` lists the parts
#
# Needs a quiet machine and about 25 minutes, with --quick a few.
set -euo pipefail
source "$(dirname "$0")/../scripts/common.sh"

venv=build/bench-venv
python=$venv/bin/python

[ -f build/venv/package ] || fail "the library and the Python package are missing; run make"
benchmarks/build_c.sh

if ! [ -x $python ] || ! $python -c '' 2> /dev/null; then
    say "a virtual environment in $venv" >&2
    rm -rf $venv
    python3 -m venv $venv
fi

pip=("$python" -m pip install --quiet --disable-pip-version-check)
wanted=$(cat benchmarks/peers.txt scripts/requirements/runtime.txt)
if [ "$(cat $venv/requirements 2> /dev/null)" != "$wanted" ]; then
    say "Python packages: the peers" >&2
    "${pip[@]}" -r scripts/requirements/runtime.txt
    # Together if the index has all of them for this Python, else those that it has.
    "${pip[@]}" -r benchmarks/peers.txt 2> /dev/null || grep -v '^#' benchmarks/peers.txt | while read -r peer; do
        "${pip[@]}" "$peer" -c scripts/requirements/runtime.txt || say "$peer cannot be installed and is skipped" >&2
    done
    printf '%s\n' "$wanted" > $venv/requirements
fi

# build/venv/package tells the sources that `make` built the package from.
if ! cmp -s build/venv/package $venv/package; then
    say "leptonai" >&2
    rm -rf bindings/python/build
    "${pip[@]}" --no-deps --no-build-isolation --force-reinstall ./bindings/python
    cp build/venv/package $venv/package
fi

# A BLAS that is told which kernels to use would not be at its best.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
exec $python benchmarks/main.py "$@"
