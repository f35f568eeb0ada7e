# Two verbs do everything: `make run` (the app) and `make test`. The rest are parts of them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# pip compiles one file after the other, and what is never run here; what is seldom imported is compiled when it is
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile -r
SELDOM := /(tests?|testing|pip|setuptools|pkg_resources|mypy|mypyc|matplotlib|fontTools|pygments|validators|altair|alembic)/
SELDOM := $(SELDOM)|/(plotly/graph_objs|dask/(array|bag|dataframe)|scipy/signal|playwright/async_api|numba/cuda|pydantic/v1)/
COMPILE := -m compileall -qq -j 0 -x '$(SELDOM)' $(VENV)/lib
# two files beside each other, in the order of tests/dealing.py
BESIDE := -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

# a process that may keep nothing compiled compiles all of our modules each time it starts, and tests start hundreds
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run setup test tried suite browser check lint types house truth noise faults bench worker clean

run: $(VENV)/.run
	@echo "Clarion is starting on http://127.0.0.1:$(PORT) (stop it with Ctrl+C)."
	@$(BIN)/streamlit run app.py --server.port $(PORT)

setup: $(VENV)/.test

# types take one processor for a minute: beside the house's rules and a browser's download, and then beside the tests, which wait
# for servers and browsers now and then
test:
	@$(MAKE) --no-print-directory --jobs 4 types tried

tried: lint house browser
	@$(BIN)/python -m compileall -q automl_core pages
	@$(MAKE) --no-print-directory suite

suite: $(VENV)/.test
	$(BIN)/python -m pytest $(BESIDE) tests --ignore tests/unit/test_house.py

browser:
	@.ci/browser

check: lint types house

lint: $(VENV)/.test
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy

house: $(VENV)/.test
	$(BIN)/python -m pytest -q tests/unit/test_house.py

# with the slow tests: the many seeds that stand behind the few of `make test`
truth: $(VENV)/.test
	$(BIN)/python -m pytest tests/truth

noise: $(VENV)/.test
	$(BIN)/python -m pytest -s -m slow tests/truth/test_noise.py

# with the slow tests: every kill, where `make test` takes one of a kind
faults: $(VENV)/.test
	$(BIN)/python -m pytest tests/faults -m "fault or not fault"

bench: $(VENV)/.test
	PYTHONPATH=. $(BIN)/python benchmarks/walk.py

worker: $(VENV)/.run
	$(BIN)/python -m automl_core worker

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Clarion needs Python 3.11 or newer; give it by PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements.txt | $(VENV)/.made
	$(BIN)/python $(INSTALL) requirements.txt
	@$(BIN)/python $(COMPILE) || true
	@touch $@

# what the app needs is among it: one install instead of two
$(VENV)/.test: requirements-dev.txt requirements.txt | $(VENV)/.made
	$(BIN)/python $(INSTALL) requirements-dev.txt
	@$(BIN)/python $(COMPILE) || true
	@touch $(VENV)/.run $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache build dist
