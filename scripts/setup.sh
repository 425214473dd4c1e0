#!/usr/bin/env bash
# Checks that the machine has what the build and the tests need. On Debian 12 (and its relatives) missing packages
# are installed when that is possible without a password; otherwise one message names them all.
set -euo pipefail
source "$(dirname "$0")/common.sh"

command -v swift > /dev/null || fail "Swift 6.1 or newer is needed: see https://www.swift.org/install"
command -v python3 > /dev/null || fail "Python 3.11 or newer is needed (Debian: apt-get install python3)"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed. Found: $(python3 --version)"

has_command() { command -v "$1" > /dev/null; }
has_library() { compgen -G "/usr/lib/*/$1" > /dev/null || compgen -G "/usr/lib/$1" > /dev/null; }
has_python() { python3 -c "$1" 2> /dev/null; }

missing=()
need() { # need PACKAGE CHECK...: adds PACKAGE to the list unless CHECK succeeds
    local package=$1
    shift
    "$@" || missing+=("$package")
}

need git has_command git
need gcc has_command gcc
need g++ has_command g++
need make has_command make
need pkg-config has_command pkg-config
need cmake has_command cmake
need libblis-serial-dev has_library blis-serial/libblis.a
need libsqlite3-dev has_library libsqlite3.a
need libcmocka-dev has_library libcmocka.so
need python3-venv has_python 'import venv, ensurepip'
need python3-dev has_python \
    'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))'
need clang-format has_command clang-format
need shellcheck has_command shellcheck
need valgrind has_command valgrind

[ ${#missing[@]} -gt 0 ] || exit 0

say "missing: ${missing[*]}"
if ! has_command apt-get; then
    fail "install these packages, or what they are called on this system: ${missing[*]}"
elif [ "$(id -u)" -eq 0 ]; then
    sudo=()
elif has_command sudo && sudo -n true 2> /dev/null; then
    sudo=(sudo -n)
else
    fail "these packages are missing and this user may not install them. Run: sudo apt-get install ${missing[*]}"
fi

say "installing them with apt-get"
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
