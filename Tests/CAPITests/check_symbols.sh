#!/usr/bin/env bash
# Compares what liblepton.so exports, and what lepton.h declares, with the committed list. Reports in TAP.
#
#   check_symbols.sh          LIB is the folder with liblepton.so (build/lib)
#
# A name that is gone from the library breaks programs that are already built: that needs a new LEPTON_ABI_VERSION.
# A new name is added to symbols.txt together with its declaration.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

library=${LIB:-build/lib}/liblepton.so
list=Tests/CAPITests/symbols.txt
failed=0

compare() { # compare NUMBER NAME: the names on standard input, sorted, are those of the list
    local difference
    if difference=$(diff <(sort -u "$list") <(LC_ALL=C sort -u)); then
        printf 'ok %d - %s\n' "$1" "$2"
    else
        failed=1
        printf 'not ok %d - %s\n' "$1" "$2"
        printf '%s\n' "$difference" | sed -n 's/^< /# missing: /p; s/^> /# not in the list: /p'
    fi
}

[ -e "$library" ] || {
    echo "there is no $library; run make build first" >&2
    exit 2
}
nm -D --defined-only --extern-only "$library" | awk '{ print $3 }' | compare 1 "exported symbols are the listed ones"
# Inline functions are compiled into the program and are no part of the library.
grep -ohE '^LEPTON_API [^(]*\(' include/lepton*.h | grep -oE 'lepton_[a-z_]+\(' | tr -d '(' | compare 2 "declared functions are the listed ones"

# Everything but the C library must be inside.
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -vE '^(libc|libm|libdl|libpthread|librt|ld-linux.*)\.so' | tr '\n' ' ')
if [ -z "$needed" ]; then
    echo "ok 3 - nothing is needed but the C library"
else
    failed=1
    printf 'not ok 3 - nothing is needed but the C library\n# also needed: %s\n' "$needed"
fi
echo "1..3"
exit $failed
