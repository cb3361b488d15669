# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
LOCKED := $(VENV)/.locked
unexport PYTHONDONTWRITEBYTECODE  # what is compiled once starts several times faster

.PHONY: demo test check lock words clean browser

demo: $(LOCKED)
	$(BIN)/cuadra demo --port $(PORT)

test: $(LOCKED) browser check
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: $(LOCKED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# uv installs in seconds; where it finds no index of its own, pip does the same with its settings.
$(LOCKED): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	$(BIN)/python -m uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(LOCKED)

# Page tests need a browser; where it cannot be installed they are skipped by name.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu fonts-liberation >/dev/null; } || \
	echo "No Chromium here and no right to install it: page tests will be skipped."

lock: pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --no-header --generate-hashes --no-emit-index-url --no-annotate --universal --python-version 3.11 \
		--extra build --extra test pyproject.toml -o requirements.lock

# After texts changed: new ones come to the catalogues empty, old ones go; then translate what is empty.
words: $(LOCKED)
	$(BIN)/python -m dashboard.texts

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache *.egg-info
