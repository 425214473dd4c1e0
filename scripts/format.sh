#!/usr/bin/env bash
# Formats the sources in place with the settings that are committed.
set -euo pipefail
source "$(dirname "$0")/common.sh"
source scripts/sources.sh

swift format format --in-place --parallel "${swift_files[@]}"
clang-format -i "${c_files[@]}"
build/venv/bin/ruff check --quiet --fix "${python_files[@]}"
build/venv/bin/ruff format --quiet "${python_files[@]}"
say "formatted ${#swift_files[@]} Swift, ${#c_files[@]} C and ${#python_files[@]} Python files"
