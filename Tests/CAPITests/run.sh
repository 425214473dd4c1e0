#!/usr/bin/env bash
# Builds and runs the tests of the C interface against a built liblepton.so, and reports in TAP.
#
#   run.sh [VARIANT ...]      plain, sanitize (address and undefined), valgrind; without names: plain and sanitize
#
# From the environment: LIB, the folder with liblepton.so (build/lib); CC, CXX (gcc, g++); CFLAGS, added to every
# variant's own; TESTS, the programs to run, such as "model weights" (all). The header is checked with CC and CXX and
# with clang and clang++ where they are installed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

tests=Tests/CAPITests
lib=$(realpath "${LIB:-build/lib}")
CC=${CC:-gcc}
CXX=${CXX:-g++}
warnings=(-Wall -Wextra -pedantic -Werror)
passed=0
failed=0
number=0

say_result() { # say_result STATUS NAME [TEXT]: one line of TAP, and the text as comments when it failed
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        printf 'ok %d - %s\n' "$number" "$2"
    else
        failed=$((failed + 1))
        printf 'not ok %d - %s\n' "$number" "$2"
        [ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /'
    fi
}

check_header() { # check_header COMPILER STANDARD LANGUAGE FILE
    command -v "$1" > /dev/null || return 0
    local output
    output=$("$1" "-std=$2" -x "$3" "${warnings[@]}" -Iinclude -fsyntax-only "$tests/$4" 2>&1)
    say_result $? "header: $4 with $1 -std=$2" "$output"
}

# Copies a program's TAP with numbers that go on, and counts.
copy_tap() { # copy_tap PREFIX: reads standard input
    local line
    while IFS= read -r line; do
        case $line in
            *"ok "[0-9]*"# SKIP "*)
                number=$((number + 1))
                printf 'ok %d - %s: %s # SKIP not with this variant\n' "$number" "$1" "${line#*# SKIP }"
                ;;
            "ok "[0-9]*) say_result 0 "$1: ${line#ok * - }" ;;
            "not ok "[0-9]*) say_result 1 "$1: ${line#not ok * - }" ;;
            1..* | "ok - "* | "not ok - "* | "# ok - "* | "# not ok - "*) ;;
            "# "* | "") printf '%s\n' "$line" ;;
            *) printf '# %s\n' "$line" ;;
        esac
    done
}

run_program() { # run_program VARIANT NAME
    local variant=$1 name=$2 output status before=$number failures=$failed
    output=$(compile "$variant" "$name" 2>&1) || {
        say_result 1 "$variant $name: compiles" "$output"
        return
    }
    output=$(CMOCKA_MESSAGE_OUTPUT=TAP "${runner[@]}" "$build/$variant/$name" 2>&1)
    status=$?
    copy_tap "$variant $name" <<< "$output"
    # cmocka's status is the number of failures; anything else (a crash, a sanitizer's verdict) is one more.
    if [ "$status" -ne $((failed - failures)) ] || [ "$number" -eq "$before" ]; then
        say_result 1 "$variant $name: ends with status $((failed - failures))" "it was $status"
    fi
}

compile() { # compile VARIANT NAME
    mkdir -p "$build/$1"
    # shellcheck disable=SC2086 # CFLAGS is a list
    "$CC" -std=c11 -g "${flags[@]}" ${CFLAGS:-} "${warnings[@]}" -Iinclude -I"$tests" \
        "$tests/test_$2.c" "$tests/support.c" -o "$build/$1/$2" \
        -L"$lib" -Wl,-rpath,"$lib" -llepton -lcmocka -pthread -lm
}

run_variant() { # run_variant NAME
    runner=(timeout --kill-after=5 120)
    case $1 in
        plain) flags=(-O1) ;;
        sanitize)
            flags=(-O1 -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
            # Requests beyond all memory must come back as NULL, as they do without the sanitizer.
            export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
            # Swift keeps pointers with tag bits, which the leak sanitizer does not see; test_leaks.c counts instead.
            echo "leak:liblepton" > "$build/suppressions"
            export LSAN_OPTIONS=suppressions=$build/suppressions:print_suppressions=0
            ;;
        valgrind)
            flags=(-O1)
            # Not for leaks: as with the leak sanitizer, tagged pointers would be taken for lost ones.
            # Fair scheduling: valgrind runs one thread at a time, and a busy one could otherwise keep the rest waiting.
            runner=(timeout --kill-after=5 900 valgrind --quiet --fair-sched=yes --error-exitcode=99 --leak-check=no)
            ;;
        *)
            echo "no such variant: $1" >&2
            exit 2
            ;;
    esac
    local name
    for name in ${TESTS:-$all}; do
        # Valgrind takes the place of malloc before these two could count.
        [ "$1" = valgrind ] && [[ $name =~ ^(leaks|no_allocation)$ ]] && continue
        run_program "$1" "$name"
    done
}

[ -e "$lib/liblepton.so" ] || {
    echo "there is no $lib/liblepton.so; run make build first" >&2
    exit 2
}
build=${BUILD:-build/tests/c}
mkdir -p "$build"
all=$(cd "$tests" && printf '%s\n' test_*.c | sed 's/^test_\(.*\)\.c$/\1/')

check_header "$CC" c11 c header.c
check_header "$CXX" c++11 c++ header.c
check_header clang c11 c header.c
check_header clang++ c++11 c++ header.c
check_header "$CC" c11 c layout.c

[ $# -gt 0 ] || set -- plain sanitize
for variant in "$@"; do run_variant "$variant"; done

printf '1..%d\n# %d passed, %d failed\n' "$number" "$passed" "$failed"
[ "$failed" -eq 0 ]
