#!/usr/bin/env bash
# Measures the library against its peers in an environment of its own, build/bench-venv. Tables go to the standard
# output, all figures to build/bench/results.json. Needs a quiet machine and a quarter of an hour.
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
wanted=$(cat benchmarks/requirements.txt scripts/requirements/runtime.txt)
if [ "$(cat $venv/requirements 2> /dev/null)" != "$wanted" ]; then
    say "Python packages: the peers" >&2
    "${pip[@]}" -r benchmarks/requirements.txt -r scripts/requirements/runtime.txt
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
exec $python benchmarks/main.py
