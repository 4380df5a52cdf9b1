# Every target sets up what it needs in .venv; `make help` lists them. Needs git, make and python3 >= 3.11 with venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
LOT ?= examples/oxide_ild/lot.toml

CAMPAIGN ?= all

.PHONY: fuzz soak kills faults help run test lint types contracts docs unit bench validate picture pictures format exports hooks clean setup setup-run other-python

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: setup-run ## polish the example lot on the twin and say where the report is (LOT=FILE for another)
	@$(BIN)/planaris run $(LOT)

test: setup ## lint, types, import contracts, docs and every test
	@scripts/system_packages.sh
	@scripts/other_python.sh
	@scripts/check.sh all

lint: setup ## ruff check and format
	@scripts/check.sh lint

types: setup ## pyright, strict
	@scripts/check.sh types

contracts: setup ## import contracts
	@scripts/check.sh contracts

docs: setup ## build the documentation into docs/_build/html
	@scripts/check.sh docs

unit: setup ## the tests without lint, types and docs (ARGS="-k name" picks)
	@$(BIN)/pytest $(ARGS)

bench: setup ## numbers and ratios of this machine (ARGS=name picks one)
	@$(BIN)/python benchmarks/run.py $(ARGS)

faults: SEEDS ?= 1-440
faults: RESULTS ?= faults.jsonl
faults: setup ## break things in lots on the twin, by seed and resumable (SEEDS=a-b RESULTS=FILE TOOL=tool_b; SEEDS=n replays one)
	@$(BIN)/python faults/campaign.py --seeds $(SEEDS) --results $(RESULTS) $(if $(TOOL),--tool $(TOOL))

soak: HOURS ?= 24
soak: PAGE_HOURS ?= 4
soak: setup ## a day of tool time with a factory host that loses its link, hours with pages that are cut (HOURS=n PAGE_HOURS=n)
	@$(BIN)/python faults/factory_soak.py --hours $(HOURS)
	@$(BIN)/python faults/hmi_soak.py --hours $(PAGE_HOURS)
	@PLANARIS_HMI_FRAMES=100000 $(BIN)/pytest -o timeout=7200 -k mutated_frames tests/system/test_hmi_security.py

kills: SEEDS ?= 1-20
kills: RESULTS ?= kills.jsonl
kills: setup ## kill the controller, and controller and twin, at random instants (SEEDS=a-b CAMPAIGN=controller|both|all TOOL=tool_b)
	@$(BIN)/python faults/kills.py --seeds $(SEEDS) --campaign $(CAMPAIGN) --results $(RESULTS) $(if $(TOOL),--tool $(TOOL))

fuzz: FRAMES ?= 1000000
fuzz: SEED ?= 1
fuzz: setup ## throw mutated frames at an HSMS server of its own, by seed (FRAMES=n SEED=n)
	@$(BIN)/python faults/hsms_fuzz.py --frames $(FRAMES) --seed $(SEED)

validate: setup ## compare the models with published data
	@$(BIN)/python validation/run.py

picture: setup ## photograph the example's report for the README
	@scripts/system_packages.sh
	@$(BIN)/python scripts/report_picture.py

pictures: setup ## photograph the operator's page for the docs: all pages, light and dark, both languages
	@scripts/system_packages.sh
	@$(BIN)/python scripts/hmi_pictures.py

format: setup ## put the sources into the house's format
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format .

exports: setup ## rewrite the pinned list of public names after a wanted change
	@$(BIN)/python tests/unit/gates/gate_exports.py

hooks: setup ## run the quick checks before every commit
	@$(BIN)/pre-commit install

other-python: setup ## a second environment, .venv-3.13 (or .venv-3.11), where such a Python is found
	@scripts/other_python.sh

setup: ## everything into .venv, also the tools of the tests
	@scripts/setup.sh dev

setup-run: ## what `planaris run` needs into .venv
	@scripts/setup.sh run

clean: ## remove environments, caches and builds; your planaris-home stays
	rm -rf .venv .venv-3.* .venv-bench .deps .ruff_cache .hypothesis .import_linter_cache docs/_build docs/_generated dist build
