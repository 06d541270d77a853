# `make demo` and `make test` need only Python 3.11+, make and git; both create .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The order of the tests: a number, or `default` for one that is drawn and printed.
SEED ?= 1
# As many workers as the machine has processors, or a number.
WORKERS ?= auto
# Tests start Python hundreds of times: it keeps what it has compiled, whatever it was told.
unexport PYTHONDONTWRITEBYTECODE
PYTEST = $(BIN)/python -m pytest --randomly-seed=$(SEED) -n $(WORKERS)

.PHONY: demo test lint fast slow explore docs bench pictures rules catalogue clean help

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "dlcli needs Python 3.11 to 3.13; name one: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed ## install, and compare optimizers on real handwritten digits
	$(BIN)/dlcli compare-optimizers

test: lint fast slow ## everything CI checks

lint: $(VENV)/.installed ## style, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: $(VENV)/.installed ## tests that take seconds
	$(PYTEST) --dist loadfile -m 'not slow'

slow: $(VENV)/.installed ## tests that train
	$(PYTEST) --dist loadgroup -m slow

docs: $(VENV)/.installed ## the documentation as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "open build/site/index.html"

explore: $(VENV)/.installed ## hypothesis with other examples each time, and ten times as many
	HYPOTHESIS_PROFILE=explore $(PYTEST) --dist loadfile -m 'not slow' --hypothesis-show-statistics

bench: $(VENV)/.installed ## the figures of benchmarks/README.md, in about two hours
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/trials.py
	$(BIN)/python benchmarks/trials.py --tuner --rounds 1
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/cluster.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/bucketing.py
	$(BIN)/python benchmarks/pooling.py
	$(BIN)/python benchmarks/fuzz.py
	$(BIN)/python benchmarks/calibration.py
	$(BIN)/python benchmarks/report.py

pictures: $(VENV)/.installed ## README's pictures, from real runs, in some ten minutes
	$(BIN)/python docs/pictures.py

rules: $(VENV)/.installed ## docs/rules.md, from the rules' own pages
	$(BIN)/python docs/rules.py

catalogue: $(VENV)/.installed ## re-read what the installed Keras offers
	$(BIN)/python -m dlcli.catalogue.introspection --write

clean: ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
