# shellcheck shell=bash disable=SC2034 # the arrays are for those who source this
# Which files the formatters and linters look at; sourced by lint.sh and format.sh. Asked of git, so that build
# folders stay out; files not yet committed count too.

list() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
done; }

mapfile -t swift_files < <(list '*.swift')
mapfile -t c_files < <(list '*.c' '*.h')
mapfile -t python_files < <(list '*.py' '*.pyi')
mapfile -t shell_files < <(list 'scripts/*.sh' 'Tests/*.sh' 'benchmarks/*.sh' '.ci/run')
