# Deep Learning and Music Adversaries, an executable book. `make` alone lists what can be made.
#
# Needs Python 3.11 or newer and make (GNU make 3.81 or newer). If npm is installed, it brings MathJax, so that the pages
# need no network. Everything is installed into .venv and node_modules in this folder, at the versions pinned in
# requirements.lock and package-lock.json.

PYTHON     ?= python3
DATASET    ?= synthetic
PROFILE    ?= quick
# `make refresh NOTEBOOKS=book/03_training.ipynb` executes one chapter, `make test PYTEST="-k links"` runs some tests.
NOTEBOOKS  ?=
PYTEST     ?=
# `make portability PORTABILITY="--only old-products"` takes one arithmetic.
PORTABILITY ?=
MINUTES    ?= 10
UV_VERSION := 0.13.9
BIN        := .venv/bin
SHELL      := /bin/sh

# uv does not read pip's settings. So a folder of wheels from pip's settings (such as a CPU build of torch) is passed on.
# On Linux the plain torch==2.13.0 of the lock is the CUDA build, several GB. `UV_TORCH_BACKEND=cpu make book` asks uv
# for the CPU build instead (uv documents this; we have not tried it).
UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_FIND_LINKS

.DEFAULT_GOAL := help
.PHONY: book html refresh test fuzz portability lab lock clean distclean help setup

book: setup ## compute everything and build the pages; DATASET=gtzan-mini or folder, PROFILE=quick or full
	@$(BIN)/python tools/build_book.py --dataset "$(DATASET)" --profile "$(PROFILE)"

html: setup ## build the pages from the stored outputs of the notebooks, in seconds
	@$(BIN)/python tools/build_pages.py

refresh: setup ## execute the notebooks again, in place (NOTEBOOKS="book/..." for some of them)
	@$(BIN)/python tools/refresh.py $(NOTEBOOKS)

test: setup ## check everything: style, pages without a warning, library, notebooks, browser (PYTEST="..." for its options)
	@$(BIN)/python tools/check.py $(PYTEST)

fuzz: setup ## search for failures that the property tests miss, with new random examples each time (MINUTES=60)
	@$(BIN)/python tools/fuzz.py --minutes "$(MINUTES)"

portability: setup ## chapters and tests of experiments under other arithmetics (PORTABILITY="--only ..." for one; --list)
	@$(BIN)/python tools/portability.py $(PORTABILITY)

lab: setup ## open the book in JupyterLab, where its panels compute live
	@$(BIN)/python -m jupyter lab --notebook-dir=.

# If PYTHONDONTWRITEBYTECODE is set, Python writes no bytecode for our own files and would compile them in every
# process. Here they are compiled once, and again after each edit.
setup: .venv/.ok node_modules/.ok
	@$(BIN)/python -m compileall -q lib tools

# While the environment agrees with the lock and the project file, the stamp is newer than both.
.venv/.ok: requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed and $(PYTHON) is not that; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@start=$$(date +%s); echo "== Setting up .venv (once; about 2 GB)"; \
	{ test -x $(BIN)/python || "$(PYTHON)" -m venv .venv; } && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) && \
	$(BIN)/python -m uv pip install --python $(BIN)/python --compile-bytecode -r requirements.lock -e . && \
	touch $@ && echo "== .venv is ready after $$(( $$(date +%s) - start )) s"

# Without npm the stamp is not written and the next make tries again.
node_modules/.ok: package.json package-lock.json
	@if command -v npm >/dev/null && npm ci --silent; then touch $@; else \
	  echo "MathJax was not fetched (is npm here, and a network?): the pages will load it from the network when read." >&2; fi

# No find-links here: the lock must name torch as the public registry does. torch itself pins the CUDA packages of
# its CUDA build to the version, so the lock can leave them out and is valid for its CPU build too.
lock: .venv/.ok ## compute requirements.lock again from pyproject.toml (newest versions; needs the network)
	@UV_FIND_LINKS= $(BIN)/python -m uv pip compile --quiet --upgrade --universal --fork-strategy fewest \
	  --python-version 3.11 --extra book --extra test --no-emit-index-url --no-header --no-annotate \
	  pyproject.toml --output-file .lock.tmp >/dev/null && \
	grep -vE '^(nvidia-|cuda-|triton)' .lock.tmp > requirements.lock; rm -f .lock.tmp

clean: ## remove the built pages and the caches in this folder, not .venv
	@rm -rf _build .cache .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks .jupyter_cache
	@find lib tests tools book \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

distclean: clean ## remove .venv and node_modules too
	@rm -rf .venv node_modules lib/*.egg-info

help: ## this list
	@echo "Deep Learning and Music Adversaries: an executable book"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
