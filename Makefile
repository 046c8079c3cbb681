# Fairlead. `make` lists what there is. Python 3.11 or newer, git and make are enough.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test lint format bench faults fuzz browser flask clean
.DEFAULT_GOAL := help

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: ## Install what is missing and run Fairlead on http://127.0.0.1:8000 (PORT=… for another port)
	@tools/prepare run
	@exec .venv/bin/python tools/launch.py run

test: ## Run the whole suite on throw-away servers (ARGS="tests/customers -k import" for a part)
	@tools/prepare dev
	@exec .venv/bin/python -m pytest -n auto --maxprocesses=4 $(ARGS)

lint: ## Check style, types, import rules, sizes and templates
	@tools/prepare dev
	@exec tools/lint

format: ## Put the code into the shape that lint asks for
	@tools/prepare dev
	@.venv/bin/ruff check --fix-only -q . && .venv/bin/ruff format -q .

bench: ## Measure against the baselines (minutes; ARGS are passed on)
	@tools/prepare dev
	@exec .venv/bin/python -m pytest -m bench -s -q tests/bench $(ARGS)

faults: ## Kill processes and servers in the middle, and look whether anything is lost or doubled
	@tools/prepare dev
	@exec .venv/bin/python -m pytest -m 'faults or not faults' tests/faults $(ARGS)

fuzz: ## Call every endpoint with 2,000 generated inputs
	@tools/prepare dev
	@FUZZ_CASES=$${FUZZ_CASES:-2000} exec .venv/bin/python -m pytest tests/fuzz $(ARGS)

browser: ## Drive Chromium through the main job
	@tools/prepare dev
	@exec .venv/bin/python -m pytest -m browser tests/browser $(ARGS)

flask: ## Run a flask command with the settings of the running Fairlead: make flask DO=create-admin
	@exec .venv/bin/python tools/launch.py exec .venv/bin/flask --app wsgi $(DO)

clean: ## Remove what can be built again; data in .fairlead stays
	@rm -rf .venv static/node_modules static/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
