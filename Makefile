# Everything a contributor runs. The first target that needs the environment creates it from the locked requirements.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CUDA_VENV ?= .venv-cuda
CUDA_BIN := $(CUDA_VENV)/bin
CUDA_STAMP := $(CUDA_VENV)/.installed
ONNX_VENV ?= .venv-onnx
ONNX_BIN := $(ONNX_VENV)/bin
ONNX_STAMP := $(ONNX_VENV)/.installed
CUDA_TARGETS ?= sm_75 sm_80 sm_90
BENCH := build/bench-venv
CAMPAIGN := build/campaign-venv

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test warmup lint types format format-check lines cuda-check cuda-test gpu-test onnx-suite docs-pictures numerics mutants reliability bench lock clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

demo: $(STAMP) ## Train a ConvNet on the bundled digits
	$(BIN)/python examples/digits.py

test: warmup ## Run the tests
	$(BIN)/python -m pytest -n 2

warmup: $(STAMP) ## Compile the kernels into the cache, once instead of once per test worker
	$(BIN)/python -c "import minigrad as mg; mg.warmup((mg.float32, mg.float64), progress=True)"

lint: $(STAMP) ## Check the code with ruff
	$(BIN)/ruff check .

types: $(STAMP) ## Check the types with mypy
	$(BIN)/mypy

format: $(STAMP) ## Format the code and sort the imports
	$(BIN)/ruff check --select I --fix --quiet .
	$(BIN)/ruff format .

format-check: $(STAMP) ## Check that the code is formatted
	$(BIN)/ruff format --check .

lines: $(STAMP) ## Count the lines of code against what is promised
	$(BIN)/python tools/count_lines.py

cuda-check: $(CUDA_STAMP) ## Compile every CUDA kernel for GPUs, without one, and look for spills and the like
	$(CUDA_BIN)/python -m pytest -q tests/compiled
	$(CUDA_BIN)/python tools/cuda_check.py $(CUDA_TARGETS)

cuda-test: $(CUDA_STAMP) ## Execute the CUDA kernels without a GPU, and test them
	LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS=0 $(CUDA_BIN)/python -m pytest -n 2 tests/gpu

gpu-test: $(CUDA_STAMP) ## Run the same tests on a GPU
	$(CUDA_BIN)/python -m pytest -m gpu tests/gpu

onnx-suite: $(ONNX_STAMP) ## Run the ONNX project's own tests on the importer, and its networks beside onnxruntime
	$(ONNX_BIN)/python tools/onnx_suite.py

docs-pictures: $(STAMP) ## Draw the pictures of docs/layers.md and docs/plots.md
	$(BIN)/python tools/draw_layers.py
	$(BIN)/python tools/draw_plots.py

numerics: ## Measure the errors of ops on hard inputs beside PyTorch's, and write them into docs/reliability.md
	@$(MAKE) --no-print-directory VENV=$(BENCH) $(BENCH)/.installed
	@$(BENCH)/bin/python -m pip install --quiet --no-build-isolation --editable '.[bench]' || \
	    echo "PyTorch cannot be installed: there will be no column for it"
	@$(BENCH)/bin/python tools/reliability/numerics.py --write

mutants: $(STAMP) ## Change rules and kernels in 300 places, see whether tests notice, write it into docs/reliability.md
	$(BIN)/python -m tools.mutants

CAMPAIGNS := scarce_memory endurance threads_and_processes kernel_files compiled_otherwise plain_kernels fuzzing examples_each

reliability: ## Run all campaigns, for seven hours, and write what they find into docs/reliability.md
	@$(MAKE) --no-print-directory VENV=$(CAMPAIGN) $(CAMPAIGN)/.installed
	@$(CAMPAIGN)/bin/python -m pip install --quiet --no-build-isolation --editable '.[campaign]'
	@$(CAMPAIGN)/bin/python -m pip install --quiet --no-build-isolation --editable '.[fuzz]' || \
	    echo "atheris cannot be installed: fuzzing does without"
	@for campaign in $(CAMPAIGNS); do \
	    options=; [ $$campaign != fuzzing ] || ! $(CAMPAIGN)/bin/python -c "import atheris" 2>&- || options="--atheris 30"; \
	    $(CAMPAIGN)/bin/python tools/reliability/$$campaign.py --write $$options || failed=1; \
	done; [ -z "$$failed" ]

bench: ## Measure against PyTorch, and write the tables of README.md and docs/performance.md
	@$(MAKE) --no-print-directory VENV=$(BENCH) $(BENCH)/.installed
	@$(BENCH)/bin/python -m pip install --quiet --no-build-isolation --editable '.[bench]' || \
	    echo "PyTorch cannot be installed: there will be no columns for it"
	@$(BENCH)/bin/python benchmarks/everything.py build/bench
	@$(BENCH)/bin/python benchmarks/report.py build/bench

COMPILE_OPTIONS := --quiet --upgrade --build-deps-for editable --generate-hashes --strip-extras --allow-unsafe \
    --no-annotate --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: ## Renew the lock files in requirements/ from pyproject.toml
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/pip-compile $(COMPILE_OPTIONS) --extra dev \
	    --output-file requirements/dev.lock pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/pip-compile $(COMPILE_OPTIONS) --extra cuda --extra cuda-test \
	    --output-file requirements/cuda.lock pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/pip-compile $(COMPILE_OPTIONS) --extra onnx --extra onnx-test \
	    --output-file requirements/onnx.lock pyproject.toml

clean: ## Remove the environment, the caches and what was built
	rm -rf $(VENV) $(CUDA_VENV) $(ONNX_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
    echo "minigrad needs Python 3.11 or later, and $(PYTHON) is `$(PYTHON) --version 2>&1`;"; \
    echo "name another one: make PYTHON=python3.11"; exit 1; } >&2
@echo "Installing the locked requirements into $(1) ..."
@$(PYTHON) -m venv $(1)
@$(1)/bin/python -m pip install --quiet --require-hashes --requirement $<
@$(1)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
@touch $@
endef

$(STAMP): requirements/dev.lock pyproject.toml
	$(call install,$(VENV))

$(CUDA_STAMP): requirements/cuda.lock pyproject.toml
	$(call install,$(CUDA_VENV))

$(ONNX_STAMP): requirements/onnx.lock pyproject.toml
	$(call install,$(ONNX_VENV))
