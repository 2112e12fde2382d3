# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
# Needs python3 (3.11 to 3.13, with venv and headers), g++ and make; fetches the rest into .venv.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
BUILD := build/cmake
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
LAUNCH := $(wildcard $(CURDIR)/launch/*)
NODES := $(shell sed -n 's/^    "\([a-z]*_node\)",$$/\1/p' setup.py)

.DEFAULT_GOAL := help
.PHONY: help setup demo test clean
.DELETE_ON_ERROR:

# A ROS install that happens to be sourced must not mix with the one in .venv.
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH ROS_DISTRO
export PYTHONNOUSERSITE := 1
export VIRTUAL_ENV := $(abspath $(VENV))
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)

help:
	@echo "make demo    set up everything, then run a simulated biopsy (ARGS=\"--seed 3\" adds arguments)"
	@echo "make test    linters, type checker, every test"
	@echo "make setup   only what demo needs: $(BIN)/ir-guidance"
	@echo "make clean   remove what the others made"

setup: $(DONE)/package

demo: setup
	@$(BIN)/ir-guidance demo --headless $(ARGS)

test: setup $(DONE)/dev
	@echo "lint:  ruff, codespell"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/codespell
	@echo "types: mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "tests: the pure ones side by side"
	@$(BIN)/python -m pytest -q -n auto tests/unit
	@echo "tests: the ones that share the machine's clock and network, one by one"
	@$(BIN)/python -m pytest -q --ignore tests/unit

clean:
	rm -rf $(VENV) build install log ir_guidance.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(DONE)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13: name one that is, as in  make setup PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, sys, sysconfig; open(sysconfig.get_path("include") + "/Python.h")' 2> /dev/null && command -v g++ > /dev/null || \
	  { echo "a compiler or parts of Python are missing:  sudo apt install g++ python3-venv python3-dev" >&2; exit 2; }
	@echo "setup 1/4: Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(DONE) && touch $@

$(DONE)/packages: requirements.txt requirements-build.txt | $(DONE)/venv
	@echo "setup 2/4: ROS 2 Jazzy and libraries from PyPI (the first time a minute or three)"
	@$(PIP) -r requirements-build.txt -r requirements.txt
	@touch $@

$(DONE)/messages: $(DONE)/packages $(shell find msg -type f)
	@echo "setup 3/4: messages, generated and compiled (half a minute)"
	@for package in msg/tf2_msgs msg; do \
	  log=$(BUILD)/$$package.log; mkdir -p $$(dirname $$log); \
	  { cmake --fresh -G "Unix Makefiles" -S $$package -B $(BUILD)/$$package/build -DCMAKE_INSTALL_PREFIX=$(VIRTUAL_ENV) -DBUILD_TESTING=OFF && \
	    cmake --build $(BUILD)/$$package/build --parallel $$(nproc) && \
	    cmake --install $(BUILD)/$$package/build; } > $$log 2>&1 || \
	  { tail -n 20 $$log >&2; echo "$$package could not be built; all of it: $$log" >&2; exit 2; }; \
	done
	@touch $@

# Installed in place: what is edited here runs. The links are for `ros2 run` and `ros2 launch`, where they exist.
$(DONE)/package: $(DONE)/messages $(LAUNCH) Makefile setup.py setup.cfg package.xml
	@echo "setup 4/4: ir-guidance"
	@$(PIP) --no-build-isolation --no-deps --editable .
	@mkdir -p $(VENV)/lib/ir_guidance $(VENV)/share/ir_guidance/launch
	@ln -sf $(CURDIR)/package.xml $(VENV)/share/ir_guidance
	@ln -sfn $(LAUNCH) $(VENV)/share/ir_guidance/launch
	@ln -sf $(CURDIR)/resource/ir_guidance $(VENV)/share/ament_index/resource_index/packages
	@for node in $(NODES); do ln -sf ../../bin/$$node $(VENV)/lib/ir_guidance/$$node; done
	@touch $@
	@echo "setup: done, see  $(BIN)/ir-guidance --help"

$(DONE)/dev: requirements-dev.txt requirements-train.txt $(DONE)/packages
	@echo "setup: linters and test tools, and torch for the tests of training"
	@$(PIP) -r requirements-dev.txt -r requirements-train.txt
	@touch $@
