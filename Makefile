# `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EMULATOR := .venv-emulator
export PYTHONPATH := tests
CHECK ?=

.DEFAULT_GOAL := help
.PHONY: help setup fmt lint types test image image-test demo bench chaos pressure soak record golden crds reference verify lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## install what the project needs
	@$(BIN)/python -m harness.emulator
	@$(BIN)/python -m harness.binaries

$(VENV)/.installed: requirements/dev.txt requirements/build.txt pyproject.toml
	@echo "setup: installing the locked dependencies into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

fmt: $(VENV)/.installed ## format the code; CHECK=1 only looks
	@$(BIN)/ruff format $(if $(CHECK),--check) .

lint: $(VENV)/.installed ## lint, and hold the layers
	@$(BIN)/ruff check .
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/lint-imports --verbose >/dev/null || $(BIN)/lint-imports

types: $(VENV)/.installed ## type-check
	@$(BIN)/mypy

test: setup ## run the tests
	@$(BIN)/pytest -n 3 --dist loadgroup

image: ## build the image with docker or buildah; BASE=, TAG=
	@$(shell command -v buildah >/dev/null && echo "buildah bud --tag" || echo "docker build --tag") $(or $(TAG),fargate-operator) $(if $(BASE),--build-arg BASE=$(BASE)) .

image-test: setup ## build the image without an engine, look through it, run the operator from it; wants root
	@$(BIN)/pytest -p no:cacheprovider tests/image/check_image.py

demo: setup ## watch the real thing: control plane, AWS emulator, operator, an example
	@$(BIN)/python -m harness.demo

bench: setup ## compile times, and 400 apps at once, counted: calls, times, memory
	@$(BIN)/python tests/bench/compile.py
	@$(BIN)/python tests/bench/apps.py

chaos: setup ## random changes under faults, SEEDS= stories in LANES=; SEED= acts one out again
	@$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),20)) $(if $(STORY),--story $(STORY)) $(if $(FIRST),--first $(FIRST)) $(if $(LANES),--lanes $(LANES))

pressure: setup ## half of all calls throttled, and AWS down for ten minutes, and hanging for two; APPS=, OUTAGE= in seconds
	@$(BIN)/python tests/bench/throttled.py $(if $(APPS),--apps $(APPS))
	@$(BIN)/python tests/bench/outage.py $(if $(APPS),--apps $(APPS)) $(if $(OUTAGE),--seconds $(OUTAGE))
	@$(BIN)/python tests/bench/outage.py --hang --seconds 120 $(if $(APPS),--apps $(APPS))

soak: setup ## a day of churn in 20 minutes: nothing of the operator grows; HOURS=, APPS=
	@$(BIN)/python tests/bench/soak.py $(if $(HOURS),--hours $(HOURS)) $(if $(APPS),--apps $(APPS))

record: setup ## record what this version makes, for those to come; VERSION=
	@$(BIN)/python tests/releases/record.py $(or $(VERSION),$(shell $(BIN)/python -c "import fargate_operator; print(fargate_operator.__version__)"))

golden: $(VENV)/.installed ## rewrite golden templates and failures; read the diff before you commit it
	@$(BIN)/python tests/golden_update.py

crds: $(VENV)/.installed ## regenerate the CRD from the model
	@$(BIN)/fargate-operator crd > crds/fargateapps.yaml

reference: $(VENV)/.installed ## regenerate docs/reference.md from the CRD
	@$(BIN)/python tests/reference.py

verify: crds golden reference ## fail when something generated is stale
	@test -z "$$(git status --porcelain crds tests/golden tests/failures docs/reference.md)" || { git status --short crds tests/golden tests/failures docs/reference.md; git diff crds tests/golden tests/failures docs/reference.md; echo "verify: stale, commit what was regenerated"; exit 1; }

lock: $(VENV)/.installed ## lock the dependencies anew
	@$(BIN)/pip install --quiet uv
	@for f in run:pyproject.toml "dev:pyproject.toml --extra dev" build:requirements/build.in emulator:requirements/emulator.in; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    $${f#*:} -o requirements/$${f%%:*}.txt; done

clean: ## remove what was installed and generated for development
	@rm -rf $(VENV) $(EMULATOR) .mypy_cache .ruff_cache .pytest_cache
