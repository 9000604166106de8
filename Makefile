# One word per habit. `make` alone prints the list.
#
# VENV may point anywhere; a virtual environment that already has the tools is used as it is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)

PY := $(VENV)/bin/python
BIN := $(VENV)/bin
BEGUN := $(VENV)/.keepclear-begun
STAMP := $(VENV)/.keepclear-installed
SOURCES := domain runtime records ingest geofence alerts mobile_api simulator keepclear tests
TESTS ?= tests
ARGS ?=
SCENARIO ?= approach_on_foot
SEED ?= 7

.PHONY: help
help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-8s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install everything into $(VENV), from requirements.lock, by hash
	@if [ -z "$(PYTHON)" ]; then \
		echo "Keepclear needs Python 3.11 or newer, and none was found on the PATH."; \
		echo "Install one, or name it: make setup PYTHON=/path/to/python3.11"; exit 1; fi
	@if cat requirements.lock pyproject.toml 2>/dev/null | cmp -s - "$(STAMP)"; then \
		echo "Already set up in $(VENV)."; exit 0; fi; \
	echo "[1/3] Virtual environment in $(VENV), with $$("$(PYTHON)" --version)"; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python has no venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }; \
	[ -x "$(PY)" ] || "$(PYTHON)" -m venv "$(VENV)"; \
	touch "$(BEGUN)"; \
	echo "[2/3] $$(grep -c '^[A-Za-z0-9].*==' requirements.lock) packages, each checked against its hash (a minute or two)"; \
	"$(PY)" -m pip install --disable-pip-version-check --no-input -q --progress-bar on \
		--require-hashes -r requirements.lock; \
	echo "[3/3] Keepclear itself"; \
	"$(PY)" -m pip install --disable-pip-version-check --no-input -q --no-deps --no-build-isolation -e .; \
	cat requirements.lock pyproject.toml > "$(STAMP)"; \
	echo "Set up."

# A virtual environment that somebody else prepared is good if the tools are there; one that we
# began is good when it is finished.
.PHONY: ready
ready:
	@if [ ! -f "$(BEGUN)" ] && "$(PY)" -c 'import basedpyright, fastapi, hypothesis, importlinter, pytest, ruff' \
		2>/dev/null; then :; else $(MAKE) setup; fi

.PHONY: run
run: ready ## Set up, then play the demonstration: links and logins are printed
	@exec "$(PY)" -m keepclear demo $(ARGS)

.PHONY: test
test: ready ## Set up, then pass all tests but benchmarks; skips are named with reasons
	@"$(PY)" -m pytest -ra $(ARGS) $(TESTS)

.PHONY: check
check: ready ## Style, types and architecture, in under a minute
	@echo "ruff"; "$(BIN)/ruff" check -q .
	@"$(BIN)/ruff" format -q --check . || { echo "Run: make fmt"; exit 1; }
	@echo "types"; "$(BIN)/basedpyright" --pythonpath "$(PY)" --level error
	@echo "imports"; said=$$("$(BIN)/lint-imports" --no-cache 2>&1) || { echo "$$said"; exit 1; }
	@echo "architecture"; if [ -d tests/architecture ]; then "$(PY)" -m pytest -q -p no:cacheprovider tests/architecture; fi

.PHONY: fmt
fmt: ready ## Put every file into the house style
	@"$(BIN)/ruff" check -q --fix . || true
	@"$(BIN)/ruff" format -q .

.PHONY: sim
sim: ready ## Play a scenario against a running server: make sim SCENARIO=strap_cut SEED=7
	@echo "scenario $(SCENARIO), seed $(SEED), commit $$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
	@exec "$(PY)" -m keepclear sim run $(SCENARIO) --seed $(SEED) $(ARGS)

.PHONY: bench
bench: ready ## Measure fixes per second, and publish to websocket
	@exec "$(PY)" -m keepclear bench $(ARGS)

.PHONY: lock
lock: ready ## Write requirements.lock anew, from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links --no-config \
		--all-extras pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## Remove what was built; the record in var/ stays
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov build *.egg-info
