# shellcheck shell=bash disable=SC2034,SC2154 # sourced after common.sh, for its arrays
# How the products that are shipped are linked; sourced by build_library.sh and build_command.sh. These flags live
# here, not in Package.swift, because a package with unsafe flags cannot be depended upon.

scratch=.build-c

# The linker takes the first library that a search folder offers, and a shared one before a static one. This folder
# comes first and holds static ones alone.
static_libraries=$root/build/static-libraries

prepare_static_libraries() {
    local blis sqlite standard
    blis=$(compgen -G "/usr/lib/*/blis-serial/libblis.a" | head -n 1) || fail "libblis.a is missing; run make setup"
    sqlite=$(compgen -G "/usr/lib/*/libsqlite3.a" | head -n 1) || fail "libsqlite3.a is missing; run make setup"
    standard=$(gcc -print-file-name=libstdc++.a)
    mkdir -p "$static_libraries"
    ln -sf "$blis" "$static_libraries/libblis.a"
    ln -sf "$sqlite" "$static_libraries/libsqlite3.a"
    ln -sf "$standard" "$static_libraries/libstdc++.a"
}

static_flags=(
    -c release --scratch-path "$scratch"
    -Xswiftc -static-stdlib
    -Xswiftc -Xclang-linker -Xswiftc -static-libgcc
    -Xlinker "-L$static_libraries"
    -Xlinker --gc-sections
)

# BLIS holds kernels for each family of processors. Those that hardly anyone has any more share the kernels of the
# nearest family whose instructions they have, and their own, 4 MB, stay out: AMD's of 2011 to 2015 those of Sandy
# Bridge, Xeon Phi and the first Zen (2017) those of Haswell, and processors before AVX (2011) those that are plain C.
use_kernels_of() { # use_kernels_of FAMILY OTHER...
    local family=$1 other part
    for other in "${@:2}"; do
        for part in "" _ref _ind; do
            static_flags+=(-Xlinker "--defsym=bli_cntx_init_$other$part=bli_cntx_init_$family$part")
        done
    done
}
if [ "$(uname -m)" = x86_64 ]; then
    use_kernels_of sandybridge bulldozer piledriver steamroller excavator
    use_kernels_of haswell knl zen
    use_kernels_of generic penryn
fi
