# The two commands: `make up` and `make test`. `make down` removes what they made, save the cache of tools.
STACK ?= local
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help up test check unit integration soak bench down

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(STAMP) ## Start the sandbox, deploy STACK (local) on it, verify it
	$(BIN)/python -m sandbox up --stack $(STACK)

test: check unit integration ## Everything that CI runs

check: $(STAMP) ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

unit: $(STAMP) ## The tests that need no server
	$(BIN)/python -m pytest -m "not integration"

integration: $(STAMP) ## The tests on the sandbox's real servers
	$(BIN)/python -m pytest -m integration

soak: $(STAMP) ## What takes hours: every death of a process, thousands of edited settings, forty workloads kept apart
	$(BIN)/python -m pytest -m "not integration" --hypothesis-profile=soak
	$(BIN)/python -m pytest -m soak
	STRONGROOM_WORKLOADS=40 $(BIN)/python -m pytest -m integration tests/conformance

bench: $(STAMP) ## Ratios against plain Pulumi, kubectl and the servers themselves, with 10 and 100 workloads
	$(BIN)/python -m benchmarks --sizes 10,100

down: ## Stop the sandbox and delete what `make up` and `make test` left in this directory
	if [ -d .sandbox ]; then $(MAKE) $(STAMP) && $(BIN)/python -m sandbox down --purge; fi
	rm -rf $(VENV) .sandbox .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
