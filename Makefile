# make example  fixes the bundled library in build/example and shows the result
# make test     runs every check: lint, the tests
# make lint     runs ruff, mypy and the import contracts
# make format   formats the code
# make docs     builds the documentation site in build/docs
# Each target installs what it needs into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: example test lint format docs browser

example: $(VENV)/installed
	$(BIN)/python -m tests.run_example

test: lint browser
	$(BIN)/pytest -n auto --dist loadgroup

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx -W -n --keep-going -q -c docs -b html . build/docs

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/installed: pyproject.toml $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/installed-docs: pyproject.toml $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

# The review page is tested in a real browser; where there is none, those tests are skipped and say so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && echo 'Installing chromium, in which the review page is tested.' \
	       && apt-get update --quiet --quiet \
	       && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends \
	            chromium >/dev/null 2>&1; } \
	  || echo 'There is no browser here: the review page is not tested. Install chromium to test it.' >&2

# Debian ships python3 without ensurepip; virtualenv or a pip of the system can stand in for it.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'tmlfix needs Python 3.11 or newer; name it with: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	  || $(PYTHON) -m virtualenv --quiet --clear $(VENV) 2>/dev/null \
	  || virtualenv --quiet --clear --python $(PYTHON) $(VENV) 2>/dev/null \
	  || { $(PYTHON) -m venv --clear --without-pip $(VENV) \
	       && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip 2>/dev/null; } \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && echo 'Installing python3-venv, which Python needs to make a virtual environment.' \
	       && apt-get update --quiet --quiet && apt-get install --yes --quiet --quiet python3-venv \
	       && $(PYTHON) -m venv --clear $(VENV); } \
	  || { rm -rf $(VENV); \
	       echo 'Python cannot make a virtual environment here. Install it with:' >&2; \
	       echo '    apt-get install python3-venv' >&2; exit 1; }
