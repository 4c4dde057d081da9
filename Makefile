# The two commands: `make up` (with NODE=1 on a node that runs pods) and `make test`. `make down` stops what they started,
# `make clean` removes what they made, save the cache of tools.
STACK ?= local
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE_VENV := .venv-docs
STAMP := $(VENV)/.installed
STAGE := $(BIN)/python -m scripts.stage
# As many workers as keep two cores busy, unless a few tests are named: each would start servers of its own for them.
# Tests on servers wait half of their time.
PROCESSES := $(if $(TESTS),,--processes 4)
WAITERS := $(if $(TESTS),,-n 5 --dist loadfile --no-loadscope-reorder)
# Python would parse all packages anew in each of the processes that tests start.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := requirements.txt requirements-dev.txt requirements-uv.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up test tools check unit integration docs soak bench lock down clean FORCE

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

up: $(STAMP) ## Start the sandbox, deploy STACK (local) on it, verify it
	$(BIN)/python -m sandbox up --stack $(STACK) $(if $(NODE),--node)

test: $(STAMP) ## Everything that CI runs, with the seconds of each stage
	@$(BIN)/python -c 'import sys; print("testing on Python", sys.version.split()[0], sys.executable, flush=True)'
	@$(MAKE) --no-print-directory tools check unit integration

tools: $(STAMP) ## The tools of the sandbox and of its tests: found, downloaded or built
	$(STAGE) tools $(BIN)/python -m sandbox.tools --tests

check: $(STAMP) ## Lint, format, types, imports and links
	$(STAGE) check $(BIN)/python -m scripts.check

unit: $(STAMP) ## The tests that need no server, or those of TESTS alone: no tool is built
	$(STAGE) unit $(BIN)/python -m pytest -m "not integration" $(PROCESSES) $(TESTS)

integration: $(STAMP) ## The tests on the sandbox's real servers
	$(STAGE) integration $(BIN)/python -m pytest -m integration $(WAITERS) $(TESTS)

docs: ## The documentation's site, in site/: a link that leads nowhere fails
	@$(PYTHON) -m scripts.environment --venv $(SITE_VENV) --lock requirements-docs.txt
	$(SITE_VENV)/bin/mkdocs build --strict

soak: $(STAMP) ## What takes hours: every death of a process, thousands of edited settings, forty workloads kept apart
	$(BIN)/python -m scripts.pythons
	$(BIN)/python -m sandbox.tools --official
	$(BIN)/python -m pytest -m "not integration" --hypothesis-profile=soak
	$(BIN)/python -m pytest -m soak
	STRONGROOM_WORKLOADS=40 $(BIN)/python -m pytest -m integration tests/conformance

bench: $(STAMP) ## Ratios against plain Pulumi, kubectl and the servers themselves, with 10 and 100 workloads
	$(BIN)/python -m benchmarks --sizes 10,100

lock: ## Write the lock of the Python packages anew, after a change of requirements*.in
	$(PYTHON) -m scripts.lock

down: ## Stop the sandbox and delete its state
	@if [ -d .sandbox ]; then $(MAKE) --no-print-directory $(STAMP) && $(BIN)/python -m sandbox down --purge; fi

clean: down ## The same, and delete all that `make` left in this directory, its Python packages too
	rm -rf $(VENV) $(SITE_VENV) site .sandbox .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Looked at anew where its Python is gone, and where a PYTHON is asked for: it may be another one.
RENEWED := $(if $(filter file,$(origin PYTHON)),$(shell test -x $(BIN)/python || echo FORCE),FORCE)

$(STAMP): $(SOURCES) $(RENEWED)
	@$(PYTHON) -m scripts.environment $(if $(filter up,$(MAKECMDGOALS)),--tools)
