#!/usr/bin/env bash
# Builds build/lib/liblepton.so: one file with the Swift runtime and the BLAS inside that needs the C library alone
# and exports lepton_* alone. Headers, pkg-config and CMake files are laid beside it as `make install` lays them.
set -euo pipefail
source "$(dirname "$0")/common.sh"
source scripts/swift_flags.sh

prepare_static_libraries
say "liblepton.so"
# Functions of the same code are kept once: Swift makes many, one for each type.
swift build "${static_flags[@]}" --product LeptonC \
    -Xlinker "--version-script=$root/include/lepton.map" -Xlinker -soname=liblepton.so.0 -Xlinker --icf=all

version=$(version)
lib=build/lib
mkdir -p "$lib"
stripped=build/liblepton.stripped
strip --strip-all -o "$stripped" "$scratch/release/libLeptonC.so"
install_if_changed "$stripped" "$lib/liblepton.so.$version"
rm "$stripped"
ln -sf "liblepton.so.$version" "$lib/liblepton.so.0"
ln -sf liblepton.so.0 "$lib/liblepton.so"

fill_in() { # fill_in TEMPLATE TARGET
    mkdir -p "$(dirname "$2")"
    sed "s/@VERSION@/$version/g" "$1" > "$2"
}
fill_in cmake/lepton.pc.in "$lib/pkgconfig/lepton.pc"
fill_in cmake/leptonConfig.cmake.in "$lib/cmake/lepton/leptonConfig.cmake"
fill_in cmake/leptonConfigVersion.cmake.in "$lib/cmake/lepton/leptonConfigVersion.cmake"
for header in include/*.h; do install_if_changed "$header" "build/$header"; done
