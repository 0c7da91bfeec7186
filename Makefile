# Everything that people and CI do here; `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help install demo demo-down test lint up down bench chaos clean

help:  ## List what can be made
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed 's/:.*  ## /\t/' | expand -t 12

install: $(READY)  ## Install everything into .venv, in the locked versions

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else \
	  f"Regulars needs Python 3.11 or newer, and $(PYTHON) is {v[0]}.{v[1]}: make PYTHON=python3.12 …")'
	@echo "Installing the locked versions into $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install  ## Run the main job on real orders, with local doubles of the platforms
	@$(BIN)/regulars demo

demo-down: install  ## Stop the demo's Postgres; `rm -r var` forgets its data
	@$(BIN)/regulars database stop

test: install  ## All tests, against a real Postgres (DATABASE_URL, else embedded)
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: install  ## Style, types and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 sql

up: install  ## Prefect server, worker, deployments, in a browser (.env: your shop)
	@$(BIN)/regulars up $(if $(or $(wildcard .env),$(REGULARS_SOURCES_FILE)),,--sandbox)

down: install  ## Stop what `make up` started
	@$(BIN)/regulars down

bench: install  ## Every figure, measured against something beside it (ONLY=<area> CUSTOMERS=n)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.lock
	@$(BIN)/regulars bench $(if $(ONLY),--only $(ONLY)) $(if $(CUSTOMERS),--customers $(CUSTOMERS))

chaos: install  ## Kill senders at random and count what the double received (KILLS=n)
	@$(BIN)/regulars chaos $(if $(KILLS),--kills $(KILLS))

clean: demo-down  ## Forget the environment and everything below var/
	@rm -rf $(VENV) var build *.egg-info
