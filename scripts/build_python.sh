#!/usr/bin/env bash
# Makes build/venv, in which `import leptonai` works.
#
#   build_python.sh           the package and what it needs
#   build_python.sh --tests   and what the tests need
#   build_python.sh --lint    only what the linters need; the package is not built
set -euo pipefail
source "$(dirname "$0")/common.sh"

venv=build/venv
python=$venv/bin/python

if ! [ -x $python ] || ! $python -c '' 2> /dev/null; then
    say "a virtual environment in $venv"
    rm -rf $venv
    python3 -m venv $venv
fi

require() { # require NAME: installs scripts/requirements/NAME.txt unless that was done already
    local wanted done=$venv/requirements-$1
    wanted=$(cat scripts/requirements/*.txt)
    [ "$(cat "$done" 2> /dev/null)" != "$wanted" ] || return 0
    say "Python packages: $1"
    $python -m pip install --quiet --disable-pip-version-check -r "scripts/requirements/$1.txt"
    printf '%s\n' "$wanted" > "$done"
}

build_package() { # unless the same sources and library are installed already
    local state done=$venv/package
    state=$({
        find bindings/python/src bindings/python/csrc -type f \
            -not -path '*.egg-info/*' -not -path '*/__pycache__/*' -print0 | sort -z
        printf '%s\0' bindings/python/{setup.py,pyproject.toml} include/*.h build/lib/liblepton.so
        # Worker processes are made of it; a package without it trains on threads.
        [ ! -e build/bin/lepton ] || printf '%s\0' build/bin/lepton
    } | xargs -0 sha256sum)
    [ "$(cat $done 2> /dev/null)" != "$state" ] || return 0
    say "leptonai"
    # setuptools would carry files that are gone from the sources into the package.
    rm -rf bindings/python/build
    $python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall \
        ./bindings/python
    printf '%s\n' "$state" > $done
}

case ${1:-} in
    --lint)
        require runtime
        require lint
        ;;
    --tests)
        require runtime
        require tests
        build_package
        ;;
    "")
        require runtime
        build_package
        ;;
    *) fail "unknown option: $1" ;;
esac
