#!/usr/bin/env bash
# Builds build/bin/lepton, which like the library needs nothing but the C library.
set -euo pipefail
source "$(dirname "$0")/common.sh"
source scripts/swift_flags.sh

prepare_static_libraries
say "lepton"
swift build "${static_flags[@]}" --product LeptonCommand
mkdir -p build/bin
strip --strip-all -o build/bin/lepton.new "$scratch/release/LeptonCommand"
install_if_changed build/bin/lepton.new build/bin/lepton
rm build/bin/lepton.new
