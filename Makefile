# The commands of this project; `make help` lists them.
# They need Python 3.11 or newer and make, and the network only to install packages.

SHELL := /bin/sh
MINIMUM := 3.11
PYTHON ?=
ARGS ?=

# An interpreter of your choice gets an environment of its own: .venv-3.12 and so on.
ifeq ($(strip $(PYTHON)),)
CANDIDATES := python3.13 python3.12 python3.11 python3
VENV := .venv
else
CANDIDATES := $(PYTHON)
VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
endif

BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check
TESTING := DJANGO_SETTINGS_MODULE=tests.settings DATABASE_URL=sqlite:///:memory:

.DEFAULT_GOAL := help
.PHONY: help install dev demo test coverage walk faults soak fuzz bench check lock licenses clean

help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1: \2/p' Makefile
	@echo 'PYTHON=python3.12 chooses the interpreter, with an environment of its own.'

install: $(RUN) ## Create the environment for running Meshes

dev: $(DEV) ## Add everything for working on Meshes
	@echo "Ready: $(BIN)/python"

demo: $(RUN) ## Show Meshes at work in one terminal; ARGS=--once ends after the demonstration
	@exec $(BIN)/python manage.py demo $(ARGS)

test: $(DEV) ## Run the suite on SQLite and PostgreSQL; ARGS goes to pytest
	@$(BIN)/python tests/run.py $(ARGS)

coverage: $(DEV) ## The same, and how much of the lines and branches it covers; 95 % is the least
	@MESHES_TEST_COVERAGE=1 $(BIN)/python tests/run.py

walk: $(DEV) ## Walk through every page with a browser, on the real programs; ARGS goes to pytest
	@$(BIN)/python -m tests.walks $(ARGS)

faults: $(DEV) ## Break everything at random, two minutes a combination; docs/reliability.md
	@$(BIN)/python -m tests.faults $(ARGS)

soak: $(DEV) ## The same for long, on each database; ARGS="--minutes 60"
	@$(BIN)/python -m tests.faults --soak $(ARGS)

fuzz: $(DEV) ## Send 100,000 odd requests to the ingest addresses on both databases; ARGS="--inputs 5000"
	@$(BIN)/python -m tests.fuzzing $(ARGS)

bench: $(DEV) ## Measure intake and delivery as a table of ratios; ARGS=--quick, ARGS="drain kills"
	@$(BIN)/python -m tests.bench $(ARGS)

check: $(DEV) ## Run every static check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(TESTING) $(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(TESTING) $(BIN)/python manage.py makemigrations --check --dry-run
	$(TESTING) $(BIN)/python .ci/check_openapi.py
	$(BIN)/python .ci/lock.py --check
	$(BIN)/python .ci/licenses.py --check
	$(BIN)/python .ci/audit.py

lock: $(DEV) ## Write the lock files anew from pyproject.toml; ARGS=--upgrade takes newer versions
	$(BIN)/python .ci/lock.py $(ARGS)

licenses: $(DEV) ## Write docs/licenses.md anew from the locked packages
	$(BIN)/python .ci/licenses.py

clean: ## Remove the environments and caches; your data in var/ stays
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

$(BIN)/python:
	@for name in $(CANDIDATES); do \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		"$$name" -c 'import ensurepip, venv' >/dev/null 2>&1 || { \
			echo "$$name cannot create environments: its venv module is missing." \
				"On Debian and Ubuntu, install it with: apt install python3-venv" >&2; exit 1; }; \
		echo "Creating $(VENV) with $$("$$name" --version)"; \
		"$$name" -m venv --clear $(VENV) && exit 0; \
		rm -rf $(VENV); exit 1; \
	done; \
	echo "Meshes needs Python $(MINIMUM) or newer, and none of these is: $(CANDIDATES)." \
		"Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1

$(RUN): requirements.txt | $(BIN)/python
	@echo "Installing what Meshes needs into $(VENV)"
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@touch $@

$(DEV): requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing what working on Meshes needs into $(VENV)"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $(RUN) $@
