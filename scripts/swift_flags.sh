# shellcheck shell=bash disable=SC2034,SC2154 # sourced after common.sh, for its arrays
# How the products that are shipped are linked; sourced by build_library.sh and build_command.sh. These flags live
# here, not in Package.swift, because a package with unsafe flags cannot be depended upon.

scratch=.build-c

# The linker takes the first library that a search folder offers, and a shared one before a static one. This folder
# comes first and holds static ones alone.
static_libraries=$root/build/static-libraries

prepare_static_libraries() {
    local blis standard
    blis=$(compgen -G "/usr/lib/*/blis-serial/libblis.a" | head -n 1) || fail "libblis.a is missing; run make setup"
    standard=$(gcc -print-file-name=libstdc++.a)
    mkdir -p "$static_libraries"
    ln -sf "$blis" "$static_libraries/libblis.a"
    ln -sf "$standard" "$static_libraries/libstdc++.a"
}

static_flags=(
    -c release --scratch-path "$scratch"
    -Xswiftc -static-stdlib
    -Xswiftc -Xclang-linker -Xswiftc -static-libgcc
    -Xlinker "-L$static_libraries"
    -Xlinker --gc-sections
)
