#!/usr/bin/env bash
# Builds the C programs of benchmarks/c into build/bench, where they are older than their sources.
set -euo pipefail
source "$(dirname "$0")/../scripts/common.sh"

out=build/bench
mkdir -p $out
blis=$(compgen -G "/usr/lib/*/blis-serial/libblis.a" | head -n 1) || fail "libblis.a is missing; run make setup"
headers=/usr/include/$(gcc -dumpmachine)/blis-serial
# What an ambitious C programmer would ask for; the loops that the library is compared with should be at their best.
flags=(-std=gnu11 -Wall -Wextra -Werror -O3 -march=native -ffast-math -isystem "$headers" -I build/include)

compile() { # compile NAME SOURCE... [-- LIBRARY...]
    local name=$1 sources=() newest
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        sources+=("benchmarks/c/$1")
        shift
    done
    [ $# -eq 0 ] || shift
    newest=$(find benchmarks/c include/lepton.h "$0" -newer "$out/$name" 2> /dev/null || echo missing)
    [ -n "$newest" ] || return 0
    gcc "${flags[@]}" "${sources[@]}" -o "$out/$name" "$@"
}

lepton=(-L build/lib -llepton "-Wl,-rpath,$root/build/lib")
compile mlp_loop mlp_loop.c network.c turns.c -- "$blis" -lm -lpthread
compile gemm_limit gemm_limit.c network.c turns.c -- "$blis" -lm -lpthread
compile predict_row predict_row.c network.c turns.c -- "${lepton[@]}" "$blis" -lm -lpthread
compile startup startup.c -- "${lepton[@]}"
compile nothing nothing.c
compile spawn spawn.c turns.c
