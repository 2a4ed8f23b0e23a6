# `make run` and `make test` set everything up in .venv by themselves; a second call only checks a stamp.
PYTHON ?= python3
BIN := .venv/bin
# CUDA users: CMAKE_ARGS=-DGGML_CUDA=on make setup
# pip's cache knows a wheel by its source alone: it would give back what was compiled with other arguments, or on another
# processor, so llama.cpp is compiled past it.
LLAMA_ARGS := -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama_cpp_INCLUDE=$(CURDIR)/.ci/llama.cmake
SAY_HOW := echo "the command is $(BIN)/line-tui; '. $(BIN)/activate' puts it on this shell's PATH as line-tui"
# Without bytecode, each process that a test starts would compile line-tui anew.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --disable-pip-version-check install -c .ci/constraints.txt

.PHONY: run check test campaign docs dist setup clean

run: .venv/ready
	@if [ -t 1 ]; then $(BIN)/line-tui; else \
	  echo "stdout is not a terminal: running the headless example, line-tui explain emoji-resnet18 fc 3"; \
	  $(BIN)/line-tui explain emoji-resnet18 fc 3; fi
	@$(SAY_HOW)

# The quick loop: everything that needs no model, terminal or browser.
check: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m unit -n auto

# Three workers, each of which needs 3 GB: some tests wait for a screen. One that dies fails its test and is not replaced.
WORKERS ?= -n 3 --dist worksteal --max-worker-restart 0
test: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest $(WORKERS)

# Attack line-tui for a while with kills, faults and fuzz, from a seed.
MINUTES ?= 10
SEED ?= 0
campaign: .venv/ready-dev
	$(BIN)/python -m tests.campaign --minutes $(MINUTES) --seed $(SEED)

setup: .venv/ready

.venv/ready: pyproject.toml .ci/constraints.txt .ci/llama.cmake
	@echo "[1/4] a virtual environment in .venv"
	$(PYTHON) -m venv .venv
	@echo "[2/4] torch and torchvision (5.5 GB with CUDA, about 2 minutes)"
	$(PIP) torch torchvision
	@echo "[3/4] llama.cpp, compiled for this machine (about 3 minutes on 2 cores)"
	CMAKE_ARGS="$(LLAMA_ARGS) $(CMAKE_ARGS)" $(PIP) --no-cache-dir llama-cpp-python
	@echo "[4/4] line-tui and the rest"
	$(PIP) -e .
	@touch $@

.venv/ready-dev: .venv/ready
	@echo "[+] packages for the tests"
	$(PIP) -e '.[dev]'
	@echo "[+] mypy's cache, so that the next check is quick"
	-@$(BIN)/mypy > /dev/null
	@touch $@

# The site in site/; broken links end the build.
docs: .venv/ready-docs
	$(BIN)/mkdocs build --strict

# The wheel and the source archive that a release uploads.
dist: .venv/ready-dev
	rm -rf dist
	$(BIN)/python -m build

.venv/ready-docs: .venv/ready
	$(PIP) -e '.[docs]'
	@touch $@

clean:
	rm -rf .venv build dist site
