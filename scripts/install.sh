#!/usr/bin/env bash
# install.sh DESTDIR PREFIX: copies what `make build` laid out in build/ to DESTDIR/PREFIX.
set -euo pipefail
if [ $# -ne 2 ] || [ -z "$2" ]; then
    echo "usage: make install PREFIX=/folder [DESTDIR=/staging]" >&2
    exit 2
fi
# A relative prefix is meant from where make was called.
target=$(realpath -m "$1$2")
source "$(dirname "$0")/common.sh"

say "installing to $target"
version=$(version)
install -d "$target/lib/pkgconfig" "$target/lib/cmake/lepton" "$target/include" "$target/bin"
install -m 755 "build/lib/liblepton.so.$version" "$target/lib/"
ln -sf "liblepton.so.$version" "$target/lib/liblepton.so.0"
ln -sf liblepton.so.0 "$target/lib/liblepton.so"
install -m 644 build/lib/pkgconfig/lepton.pc "$target/lib/pkgconfig/"
install -m 644 build/lib/cmake/lepton/*.cmake "$target/lib/cmake/lepton/"
install -m 644 build/include/*.h "$target/include/"
install -m 755 build/bin/lepton "$target/bin/"
