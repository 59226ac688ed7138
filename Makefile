PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The stamps are newer than pyproject.toml once what it asks for is installed: everything, or what a user needs.
STAMP := $(VENV)/.installed
PLAIN_STAMP := $(VENV)/.installed-plain

# The documentation is built in an environment of its own, without torch: nothing is imported for it.
DOCS := .venv-docs
DOCS_STAMP := $(DOCS)/.installed
# mkdocs-material's word about other programs is not ours to pass on.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs

.PHONY: setup demo test lint docs docs-serve pages

setup: $(STAMP)

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[test,lint]"
	@touch $@ $(PLAIN_STAMP)

$(PLAIN_STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

demo: $(PLAIN_STAMP)
	@rm -rf runs/demo
	$(BIN)/ccsrp search digits --out runs/demo --seed 0 --budget 250

test: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(DOCS_STAMP): docs/requirements.txt
	@test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --requirement docs/requirements.txt
	@touch $@

docs: $(DOCS_STAMP)
	$(MKDOCS) build --strict --quiet
	@echo "site/index.html"

docs-serve: $(DOCS_STAMP)
	$(MKDOCS) serve

# Pages and pictures that scripts write: run it after changing a command or a study's results.
pages: setup
	$(BIN)/python docs/tools/command_line.py
	$(BIN)/python docs/tools/benchmarks.py
	for name in coevolution screening calibration audits; do $(BIN)/python docs/pictures/$$name.py; done
