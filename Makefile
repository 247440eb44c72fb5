# Two commands on a fresh Debian or Ubuntu machine: `make demo` and `make test`. Each does its own set-up.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# What `make check` leaves to `make test`: whatever draws a whole patient, registers images, damages many files or
# begins processes.
LONG := tests/phantom tests/dicom/test_sample.py tests/planning/test_registration.py \
  tests/planning/test_achieved.py tests/planning/test_optimise.py tests/planning/test_refine.py \
  tests/planning/test_specimen.py tests/planning/test_uncertainty.py tests/planning/test_contours.py \
  tests/planning/test_margins.py tests/registry tests/outcomes tests/pathways/test_reach.py \
  tests/privacy/test_mutants.py tests/privacy/test_corpus.py tests/privacy/test_sheet_command.py \
  tests/privacy/test_heads.py tests/privacy/test_burned_in.py tests/dicom/test_coded_voxels.py \
  tests/dicom/test_header.py tests/dicom/test_read_broken.py tests/test_demo.py tests/batch tests/workbench \
  tests/present/test_same_numbers.py tests/test_cli_case.py tests/test_cli.py tests/room \
  tests/planning/test_phantoms.py tests/privacy/test_contact_sheet.py tests/present/test_pptx.py
APT_PACKAGES := chromium dcmtk dicom3tools libreoffice-impress nginx-light orthanc orthanc-dicomweb plastimatch \
  poppler-utils postgresql

.PHONY: help setup demo lab sample test check lint types layers unit notebooks-test js-test browser-test
.PHONY: test-servers bundle constraints notebooks bench bench-scale clean

help: ## say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# --- installing -------------------------------------------------------------------------------------

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "sarcoma_review needs Python 3.11 or later; found $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 demo"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { command -v apt-get >/dev/null && \
	  { $(SUDO) apt-get update -qq; $(SUDO) apt-get install -y -qq python3-venv; }; } || \
	  { echo "Python's venv module is missing: install the package python3-venv"; exit 2; }
	$(PYTHON) -m venv .venv

# uv installs in seconds; pip does the same in minutes and is the way where uv cannot be had.
define install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null || true
	@echo "installing $(1) into .venv ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '$(1)' 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'
endef

.venv/.user: pyproject.toml constraints.txt | .venv/pyvenv.cfg
	$(call install,.[pdf])
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/pyvenv.cfg
	$(call install,.[dev])
	@touch $@ .venv/.user

.venv/.bench: pyproject.toml constraints.txt | .venv/.dev
	$(call install,.[bench])
	@touch $@

setup: .venv/.user ## install what a user needs into .venv/

js/node_modules/.package-lock.json: js/package.json js/package-lock.json
	npm --prefix js ci --no-audit --no-fund --loglevel=error
	@touch $@

test-servers: ## install the system packages that some tests use (apt, root)
	@missing=$$(for p in $(APT_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done; \
	  command -v node >/dev/null || echo nodejs; command -v npm >/dev/null || echo npm); \
	if [ -n "$$missing" ]; then echo "installing $$missing"; $(SUDO) apt-get update -qq; \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

# --- using ------------------------------------------------------------------------------------------

demo: .venv/.user ## one case from DICOM to a deck, on the shipped sample patient
	@$(BIN)/sarcoma-review demo --out output/demo

lab: .venv/.user ## open JupyterLab at notebooks/, with no call to any outside server
	$(BIN)/jupyter lab --config=notebooks/jupyter_lab_config.py

sample: .venv/.user ## rebuild sample_dicom/ from sarcoma_review.phantom
	$(BIN)/sarcoma-review phantom sample_dicom --replace

# --- checking ---------------------------------------------------------------------------------------

test: .venv/.dev $(if $(CI),test-servers) ## everything: lint, types, layers, tests, notebooks, JavaScript, browser
	@$(MAKE) --no-print-directory lint types layers js-test unit notebooks-test browser-test

check: .venv/.dev ## the quick subset, under two minutes
	@$(MAKE) --no-print-directory lint types layers
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not browser and not servers and not real_data and not slow" $(addprefix --ignore=,$(LONG))

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports

unit:
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not browser"

notebooks-test:
	$(BIN)/pytest -q --nbval --nbval-current-env -p no:cacheprovider notebooks/*.ipynb

browser-test:
	$(BIN)/pytest -q -m browser

js-test: $(if $(shell command -v npm),js/node_modules/.package-lock.json)
	@if command -v npm >/dev/null; then cd js && npm test --silent && npm run --silent check-bundle; \
	  elif [ -n "$${CI:-}" ]; then echo "node is absent and CI is set"; exit 1; \
	  else echo "JavaScript tests skipped: node is not installed"; fi

bundle: js/node_modules/.package-lock.json ## rebuild the widgets' JavaScript
	npm --prefix js run --silent bundle

notebooks: .venv/.dev ## run the notebooks and store their outputs
	$(BIN)/jupyter execute --inplace notebooks/*.ipynb
	$(BIN)/nbstripout --keep-output --keep-count notebooks/*.ipynb

bench: .venv/.bench ## the figures of the benchmarks/ folder
	@for script in $(filter-out benchmarks/audit.py benchmarks/peers.py benchmarks/scale.py benchmarks/watch.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script; done

bench-scale: .venv/.bench ## time and memory against the number of studies, with the fitted exponents
	$(BIN)/python benchmarks/scale.py

constraints: .venv/.dev ## pin every dependency anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
	  --extra dev --extra bench pyproject.toml -o constraints.txt --upgrade

clean: ## remove what make made
	rm -rf .venv js/node_modules output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
