# Two commands: `make lab` shows the whole dialer at work, `make test` passes all tests.
# Each makes its own virtual environment in .venv and installs what it needs there.

PYTHON ?= python3
BIN := .venv/bin
LAB ?=

.PHONY: lab test unit lint bench vendor clean

lab: .venv/.lab
	$(BIN)/fsdialer lab $(LAB)

# Most tests wait for something, so four at a time keep two cores busy; those with a real switch measure tenths of seconds
# and have ports of their own: one at a time.
test: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 4 --dist worksteal -m "not freeswitch"
	$(BIN)/pytest -m freeswitch -rs

# Tests of the pure core alone: seconds.
unit: .venv/.test
	$(BIN)/pytest tests/core

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format .
	$(BIN)/mypy

bench: .venv/.test
	$(BIN)/python bench/event_socket.py

# The operator page's SIP library, bundled anew; needs Node. The result is committed.
vendor:
	cd frontend && npm ci --no-audit --no-fund && npm run --silent build

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fsdialer needs Python 3.11 or newer: set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Python has no venv here: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.lab: setup.cfg | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[lab]'
	@touch $@

.venv/.test: setup.cfg | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[lab,test]'
	@touch .venv/.lab $@
	@$(BIN)/python tests/programs.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
