# attnflow: `make demo` and `make test` need nothing but Python 3.11 or newer and this folder.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## build .venv with everything

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"attnflow needs Python 3.11 or newer, found {v[0]}.{v[1]}. Run: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing (torch is large: a few minutes the first time) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all,dev]'
	@touch $(STAMP)

demo: install ## run a 30 s simulated session: live states, recording, replay, proof
	$(BIN)/attnflow demo

test: install ## run all tests
	$(BIN)/python -m pytest -n 2 -q

check: install ## lint, types, layers, file sizes
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:randomly tests/test_architecture.py

bench: install ## measure latencies, cost and replay speed of a live session
	$(BIN)/attnflow bench live

clean: ## remove what was built
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist out
