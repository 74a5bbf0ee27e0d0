# Everything the project can do, by name. `make` alone lists it.
SHELL := /bin/bash
PORT ?= 8000
DATA ?= .local
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv pip install --quiet --system-certs --no-deps --python $(PY)
UI_SOURCES := $(shell find frontend/site frontend/workspace static task_types -name '*.mjs' -o -name '*.css' 2>/dev/null | grep -v node_modules)

.DEFAULT_GOAL := help
.PHONY: help run setup test check docs bench contract drill fuzz lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | column -t -s '|'

run: setup ## set up and start everything: make run [PORT=8000] [DATA=.local]
	@exec $(PY) -m config.launch --port $(PORT) --data $(DATA)

setup: $(VENV)/.runtime static_build/.built ## install what running needs and build the front end

test: $(VENV)/.dev static_build/.built ## the whole suite against real servers of its own
	@bash tests/run.sh

check: $(VENV)/.dev ## ruff, types, floors, migrations, documents
	$(VENV)/bin/ruff check .
	$(PY) -m mypy .
	$(VENV)/bin/lint-imports --no-cache
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -m config.documents --check

docs: $(VENV)/.dev ## make the generated documents again
	$(PY) -m config.documents

bench: $(VENV)/.dev static_build/.built ## measure against a bare reference: make bench [FULL=1]
	@$(PY) -m bench $(if $(FULL),--full)

contract: $(VENV)/.dev ## the tests that hold of Stripe and its double alike: make contract [STRIPE_SANDBOX_KEY=sk_test_...]
	@STRIPE_SANDBOX_KEY=$(STRIPE_SANDBOX_KEY) $(PY) -m pytest -m contract tests/payments

drill: $(VENV)/.dev ## fault drills with their sabotaged twins: make drill [ONLY=D1] [SIZE=full|small]
	@$(PY) -m tests.drills --size $(or $(SIZE),full) $(ONLY)

fuzz: $(VENV)/.dev ## call every operation of the API with what its schema allows and what it does not: make fuzz [EXAMPLES=20]
	@FUZZ=$(or $(EXAMPLES),20) $(PY) -m pytest -q --timeout 3600 tests/house/test_fuzz.py

lock: $(VENV)/.uv ## resolve the requirements anew
	$(VENV)/bin/uv pip compile --system-certs -q --no-header --no-annotate --override overrides-run.txt requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --system-certs -q --no-header --no-annotate --override overrides.txt requirements-dev.in -o requirements-dev.txt

clean: ## remove what set-up made (never data)
	rm -rf $(VENV) frontend/node_modules static_build

$(VENV)/.uv:
	@echo "[1/4] Python environment"
	@python3 -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@touch $@

$(VENV)/.runtime: requirements.txt | $(VENV)/.uv
	@echo "[2/4] Python packages"
	@$(UV) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/.uv
	@echo "[2/4] Python packages, for tests and checks too"
	@$(UV) -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

frontend/node_modules/.installed: frontend/package-lock.json | $(VENV)/.runtime
	@echo "[3/4] Front-end packages"
	@cd frontend && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

static_build/.built: frontend/node_modules/.installed frontend/build.mjs $(UI_SOURCES)
	@echo "[4/4] Styles and scripts"
	@cd frontend && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" node build.mjs >/dev/null
	@touch $@
