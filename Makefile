# What a stranger types: `make demo`, `make test`. The rest is for those who change onebit.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-long test-interop test-browser test-frontend explorer site bench baselines check clean

help:
	@echo "make demo       install onebit into $(VENV), load a data set, draw images"
	@echo "make test       install what the tests need, run them (under ten minutes)"
	@echo "make test-long  the full versions of the tests that make test runs short"
	@echo "make test-interop  against the real TFDS, TensorFlow, PyTorch, Grain, h5py, pyarrow and datasets (an environment of 2 GB)"
	@echo "make test-browser  the pages in a real chromium (found in PATH, or ONEBIT_CHROMIUM)"
	@echo "make explorer   the explorer's front end, from frontend/ (needs Node.js 20 or newer)"
	@echo "make test-frontend  its types and unit tests"
	@echo "make site       the catalog as a web site, in the folder site"
	@echo "make bench      measures onebit beside what a user would pick instead (needs ONEBIT_TEST_DATA)"
	@echo "make baselines  trains the baselines whose report is missing (up to 100 minutes each), makes their pages"
	@echo "make check      linter, formatter, type checker"

# A recent pip first: it reads [dependency-groups].
$(VENV)/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "onebit needs Python 3.11 or newer; $(PYTHON) is older. Type: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/pip.stamp
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/demo.stamp
	$(BIN)/python -m pip install --quiet --group test --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(VENV)/demo.stamp
	@$(BIN)/python examples/demo.py

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -m "not long"

test-long: $(VENV)/test.stamp
	$(BIN)/python -m pytest -m long

# TensorFlow and its friends live apart from everything else.
$(VENV)-interop/stamp: pyproject.toml tests/interop/requirements.txt
	$(PYTHON) -m venv $(VENV)-interop
	$(VENV)-interop/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-interop/bin/python -m pip install --quiet --requirement tests/interop/requirements.txt --editable .
	@touch $@

# The wheel of TFDS without what it depends on: its own builder of binarized_mnist runs on onebit there.
$(VENV)-wheel/stamp: pyproject.toml tests/tfds_wheel/requirements.txt
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-wheel/bin/python -m pip install --quiet --requirement tests/tfds_wheel/requirements.txt --editable .
	$(VENV)-wheel/bin/python -m pip install --quiet --no-deps tensorflow-datasets==4.9.10
	@touch $@

test-interop: $(VENV)-interop/stamp $(VENV)-wheel/stamp
	ONEBIT_INTEROP=1 $(VENV)-interop/bin/python -m pytest tests/interop
	ONEBIT_TFDS_WHEEL=1 $(VENV)-wheel/bin/python -m pytest tests/tfds_wheel

$(VENV)/browser.stamp: pyproject.toml | $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --group browser
	@touch $@

# The front end. Its files are made once more whenever a source has changed.
BUNDLE := src/onebit/explorer/bundle/explorer.js

frontend/node_modules/stamp: frontend/package.json frontend/package-lock.json
	@command -v npm >/dev/null || { echo "The explorer's front end needs Node.js 20 or newer, with npm." >&2; exit 1; }
	cd frontend && npm ci --silent --no-audit --no-fund
	@touch $@

$(BUNDLE): frontend/node_modules/stamp $(wildcard frontend/*.mjs) $(shell find frontend/src -type f)
	cd frontend && npm run --silent build
	@touch $@

explorer: $(BUNDLE)

test-frontend: frontend/node_modules/stamp
	cd frontend && npm run --silent check

test-browser: $(VENV)/browser.stamp $(BUNDLE)
	ONEBIT_BROWSER=1 $(BIN)/python -m pytest tests/browser

site: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --quiet --editable ".[site]"
	$(BIN)/onebit site build --out site

bench: $(VENV)/demo.stamp
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/table.py

# What is there already takes no time; what was stopped goes on.
baselines: $(VENV)/test.stamp
	$(BIN)/python docs/baselines/complete.py
	$(BIN)/python docs/baselines/pages.py

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(VENV)-* dist build frontend/node_modules $(dir $(BUNDLE)) .mypy_cache .ruff_cache .hypothesis
