# make example  fixes the bundled library in build/example and shows the result
# make test     runs every check: lint and the tests
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
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet --conf-dir docs . build/docs
	@echo 'The documentation is in build/docs/index.html.'

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

# The review page is tested in a real browser. Without one, those tests are skipped and say so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && echo 'Installing chromium, to test the review page.' \
	       && apt-get update --quiet --quiet \
	       && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends \
	            chromium >/dev/null 2>&1; } \
	  || echo 'No browser found, so the review page is not tested. Install chromium to test it.' >&2

# Debian ships python3 without ensurepip; virtualenv or the system's pip can take its place.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'tmlfix needs Python 3.11 or newer. Name one with: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	  || $(PYTHON) -m virtualenv --quiet --clear $(VENV) 2>/dev/null \
	  || virtualenv --quiet --clear --python $(PYTHON) $(VENV) 2>/dev/null \
	  || { $(PYTHON) -m venv --clear --without-pip $(VENV) \
	       && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip 2>/dev/null; } \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && echo 'Installing python3-venv, which Python needs to create a virtual environment.' \
	       && apt-get update --quiet --quiet && apt-get install --yes --quiet --quiet python3-venv \
	       && $(PYTHON) -m venv --clear $(VENV); } \
	  || { rm -rf $(VENV); \
	       echo 'Python cannot create a virtual environment here. Install what it needs with:' >&2; \
	       echo '    apt-get install python3-venv' >&2; exit 1; }
