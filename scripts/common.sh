# shellcheck shell=bash
# Shared by the scripts here; sourced, not run. Sets `root`, works from it, and defines what they all use.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

say() { printf '== %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The one place a version is written is the C header.
version() { sed -n 's/^#define LEPTON_VERSION_STRING "\(.*\)"$/\1/p' include/lepton.h; }

# Copies a file only if it differs, so that what depends on its time is not rebuilt for nothing.
install_if_changed() {
    mkdir -p "$(dirname "$2")"
    cmp -s "$1" "$2" || cp "$1" "$2"
}
