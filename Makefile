# Two commands: `make run` and `make test`. `make help` lists the rest.
# One environment in .venv, two stamps: `run` needs only requirements.lock, `test` the development tools as well.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What people set on the command line (make run PORT=9000) reaches the programs.
ifneq ($(origin PORT),undefined)
export PORT
endif
ifneq ($(origin HUB_HOME),undefined)
export HUB_HOME
endif

# Each program's start reads several hundred modules; without their bytecode it takes half as long again.
unexport PYTHONDONTWRITEBYTECODE

# Programs are called as modules of this Python: scripts in .venv/bin break where the path has a space.
PY := .venv/bin/python
RUN_STAMP := .venv/.run-installed
DEV_STAMP := .venv/.dev-installed
WORKERS ?= 2
LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

.PHONY: help setup run test check check-types check-rules bench format vendor lock

help: ## this list
	@echo "AI Governance Hub"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done
	@echo "Settings: PORT (8000), HUB_HOME (.hub), DATABASE_URL, REDIS_URL; more in docs/operations.md"

setup: $(DEV_STAMP) ## make the environment (.venv), nothing else

run: $(RUN_STAMP) ## start everything; prints the address and a sign-in link; Ctrl-C stops
	@$(PY) manage.py up

test: check ## everything that must hold: check, unit, integration, journeys, browser
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(DEV_STAMP) ## the quick part of test: lint, format, types, walls, migrations, method
	@$(MAKE) -j 2 check-types check-rules

# Types take as long as all the rest, which the second core does meanwhile.
check-types: $(DEV_STAMP)
	@$(PY) -m mypy

check-rules: $(DEV_STAMP)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m djlint templates --lint --quiet
	@$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	@$(PY) scripts/vendor.py --check
	@$(PY) manage.py check --fail-level WARNING
	@$(PY) -W "ignore:Got an error checking a consistent migration history:RuntimeWarning" manage.py makemigrations --check --dry-run
	@$(PY) manage.py check_method

bench: $(RUN_STAMP) ## measure and write bench.json (ONLY=name for one row and those measured with it)
	@$(PY) manage.py bench $(if $(ONLY),--only $(ONLY))

format: $(DEV_STAMP) ## put code and templates into their form
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

vendor: $(DEV_STAMP) ## fetch the pages' libraries from npm again, as pinned
	@$(PY) scripts/vendor.py

lock: ## resolve the dependencies again and write both lock files (needs uv)
	@$(LOCK) --extra embedded --output-file requirements.lock
	@$(LOCK) --extra embedded --extra dev --output-file requirements-dev.lock

$(RUN_STAMP): requirements.lock scripts/environment
	@scripts/environment run

$(DEV_STAMP): requirements-dev.lock requirements.lock scripts/environment
	@scripts/environment dev
