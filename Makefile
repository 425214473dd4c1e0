# The Lepton SDK. `make help` says what can be made; the work is done by the scripts that the targets name.

PREFIX ?= /usr/local
DESTDIR ?=
BENCH ?=

.DEFAULT_GOAL := build
.PHONY: help setup build library command python run test bench lint format install clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install the system packages that the build and the tests need, where they are missing
	@scripts/setup.sh

build: library command python ## (default) build/lib/liblepton.so, build/bin/lepton and build/venv

library: setup ## build/lib/liblepton.so with headers, pkg-config and CMake files
	@scripts/build_library.sh

command: library ## build/bin/lepton
	@scripts/build_command.sh

python: library command ## build/venv, in which `import leptonai` works
	@scripts/build_python.sh

run: build ## train the linear regression of samples/python/01-linear-regression on five nodes
	@build/venv/bin/python samples/python/01-linear-regression/main.py

test: build ## run every test and end with the line "N passed, M failed"
	@scripts/build_python.sh --tests
	@build/venv/bin/python scripts/run_tests.py

bench: build ## measure against peers (BENCH="--quick cnn" for less); the figures are printed, not judged
	@benchmarks/run.sh $(BENCH)

lint: setup ## check formatting, types and the project's own rules
	@scripts/build_python.sh --lint
	@scripts/lint.sh

format: setup ## format Swift, C and Python sources in place
	@scripts/build_python.sh --lint
	@scripts/format.sh

install: library command ## install library, header, pkg-config, CMake files and command under PREFIX=
	@scripts/install.sh "$(DESTDIR)" "$(PREFIX)"

clean: ## remove everything that was built
	rm -rf build .build .build-c .build-samples
