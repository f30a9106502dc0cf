# Everything starts from python3 (3.11 or newer) with venv, and make. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup test-setup run generated test test-packages test-pythons mutants check e2e bench bench-devices bench-soak bench-setup docs wheel-test deb deb-test release lock clean
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# one environment: first the packages for a run, then those for tests
RUN_STAMP := $(VENV)/.mailgate-run
TEST_STAMP := $(VENV)/.mailgate-tests
# npm writes this file last. If it is missing, targets that need npm's packages are left out.
PROVIDER := tests/e2e/node_modules/.package-lock.json
EXTENSION := extension/node_modules/.package-lock.json
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.mailgate-setup
# the system's Python is built with profile-guided optimisation; one that pyenv compiles is not, and a gate takes a quarter more time on it
PYTHONS := /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11
BEGAN := $(shell date +%s)
ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

PIP := $(BIN)/python -m pip install --disable-pip-version-check
NO_PACKAGES := { echo "make: Python packages could not be installed, pip says why above: is the package index reachable?" >&2; exit 1; }

setup: $(RUN_STAMP) ## Make the virtual environment with the packages that a run needs (again only when a lock or pyproject.toml has changed)

$(RUN_STAMP): requirements.lock requirements-build.lock pyproject.toml
	@echo "Installing what a run needs: about half a minute, once ..."
	@set -e; test -x $(BIN)/python || { \
	  for candidate in $(PYTHONS); do \
	    "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    rm -rf $(VENV); \
	    "$$candidate" -m venv $(VENV); exit 0; \
	  done; \
	  echo "make setup: no usable Python found (tried: $(PYTHONS))." >&2; \
	  echo "It must be 3.11 or newer and have the venv module; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; }
	@$(PIP) --quiet --require-hashes -r requirements.lock -r requirements-build.lock || $(NO_PACKAGES)
	@$(PIP) --quiet --no-deps --no-build-isolation --no-index -e .
	@echo "Installed in $$(($$(date +%s) - $(BEGAN))) seconds."
	@touch $@

test-setup: $(TEST_STAMP) $(PROVIDER) $(EXTENSION) $(if $(CI),bench-setup) ## Add what tests need; npm's packages are left out if there is no npm

$(TEST_STAMP): requirements-dev.lock $(RUN_STAMP)
	@$(PIP) --require-hashes -r requirements-dev.lock || $(NO_PACKAGES)
	@touch $@

MEANT_tests/e2e := the tests that log in at an OpenID provider
MEANT_extension := the tools that check the extension
$(PROVIDER) $(EXTENSION): %/node_modules/.package-lock.json: %/package-lock.json
	@if ! command -v npm >/dev/null; then why="npm is not installed"; \
	elif echo "Setting up $*/node_modules"; said=$$(npm ci --prefix $* --engine-strict --no-audit --no-fund --loglevel=error 2>&1); then exit 0; \
	else why="npm could not install them ($$(echo "$$said" | head -n 1))"; rm -rf $*/node_modules; fi; \
	echo "make: left out: $(MEANT_$*), for $$why"; test "$$MAILGATE_E2E" != required

run: setup ## Start the gate before a demo mailbox with a made-up company, and say what to open (ARGS="--upstream URL" for your own webmail)
	@$(BIN)/mailgate demo $(ARGS)

GENERATED := $(addprefix docs/make_,first_files.py man_page.py operation_table.py variable_table.py) $(addprefix deploy/make_,unforged.py dashboard.py)
generated: $(TEST_STAMP) ## Write anew what is made from the code: tables and files in docs/, deploy/ and config/
	@for each in $(GENERATED); do PYTHONPATH=proxy $(BIN)/python $$each || exit 1; done
	@cp proxy/mailgate/tokens.css proxy/mailgate/style.css extension/look
	@(echo '// @ts-nocheck'; echo '/* eslint-disable complexity -- made by `make generated` of gateway/pages/when.js */'; sed 's/^const when/export const when/' proxy/mailgate/gateway/pages/when.js) > extension/look/when.js

# Parts run beside each other, those that wait (integration, browsers) beside those that compute, and the longest first.
# The part rest has all tests that no other part has, but for those that need a network. Continuous integration has run those of the docs in
# `make check`. Workers of pytest-xdist would share the tests out by themselves, but each collects all of them: a minute more of the processor's
# time. A gate of a whole session is never quite idle: those of tests/integration/gateway end with their part.
INTEGRATION := tests/integration/test_
PART_unit := tests/unit $(addprefix --ignore=tests/unit/,gateway console)
PACKAGES := tests/e2e/test_debian_packages.py tests/e2e/test_container.py
PART_e2e := tests/e2e --ignore=tests/e2e/extension $(addprefix --ignore=,$(PACKAGES) $(wildcard tests/e2e/test_console*.py))
PART_browsers := tests/e2e/extension $(wildcard tests/e2e/test_console*.py)
PART_gateway := tests/unit/gateway tests/unit/console
PART_integration-a := $(wildcard $(INTEGRATION)[a-h]*.py)
PART_integration-i := $(wildcard $(INTEGRATION)[i-o]*.py)
PART_integration-p := $(wildcard $(INTEGRATION)[p-r]*.py)
PART_integration-s := $(wildcard $(INTEGRATION)s*.py)
PART_integration-t := $(wildcard $(INTEGRATION)[t-z]*.py)
PART_attacks := tests/attacks tests/extension tests/golden $(if $(CI),,tests/docs)
PART_stores := tests/integration/store tests/integration/gateway
PART_rest := tests $(addprefix --ignore=,tests/unit tests/e2e tests/docs $(PART_integration-a) $(PART_integration-i) $(PART_integration-p) $(PART_integration-s) $(PART_integration-t) $(PART_attacks) $(PART_stores))
PARTS := $(addprefix test-,browsers integration-a unit gateway stores integration-i e2e integration-s integration-p attacks integration-t rest)
# two more than there are processors, since some wait; three more cost about 6 % more of two processors' time, five more about 12 %
AT_ONCE := $(shell expr $$(nproc) + 2)
PYTEST := $(BIN)/pytest -p no:cacheprovider

test: ## Run every test that needs no network; end-to-end tests are skipped if the mail system or the browser is missing
	@$(MAKE) --no-print-directory -j 4 test-setup
ifneq ($(ARGS),)
	$(BIN)/pytest $(ARGS)
else
	@echo "Running the tests in $(words $(PARTS)) parts, $(AT_ONCE) at a time; what came of a part is shown at its end. Packages have their own: make test-packages"
	@MAKEFLAGS= $(BIN)/python tests/integration/forked.py make --no-print-directory -k -j $(AT_ONCE) $(PARTS)
endif

.PHONY: $(PARTS)
$(PARTS): test-%: test-setup
	@echo "The part $* begins"; log=$$(mktemp); unset MAKEFLAGS MFLAGS MAKELEVEL PYTHONDONTWRITEBYTECODE; \
	$(PYTEST) $(PART_$*) >"$$log" 2>&1; failed=$$?; \
	echo "The part $*:"; cat "$$log"; rm "$$log"; exit $$failed

test-packages: test-setup ## Build the Debian packages and the container's image, and try them: needs an index of packages and a mirror of Debian
	$(PYTEST) $(PACKAGES)

# The oldest and the newest Python that are here and can make an environment, but for that of .venv: two versions at most, or none.
OTHER_PYTHONS = $(shell own=$$($(BIN)/python -c 'import sys; print("3.%d" % sys.version_info[1])'); \
  for minor in 11 12 13 14; do python3.$$minor -c 'import venv, ensurepip' 2>/dev/null && echo 3.$$minor; done \
  | sed -n '1p;$$p' | sort -u | grep -vxF "$$own")

test-pythons: test-setup ## The unit tests on the oldest and on the newest Python that are here
	@$(if $(OTHER_PYTHONS),$(MAKE) --no-print-directory -k $(addprefix on-python-,$(OTHER_PYTHONS)), \
	  echo "There is no other Python here than $$($(BIN)/python -V 2>&1), on which all tests run")

on-python-3.%: .venv-3.%/.mailgate-tests
	.venv-3.$*/bin/pytest -p no:cacheprovider tests/unit tests/golden

.venv-3.%/.mailgate-tests: requirements.lock requirements-build.lock requirements-dev.lock pyproject.toml
	@test -x .venv-3.$*/bin/python || python3.$* -m venv .venv-3.$*
	@.venv-3.$*/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes \
	  -r requirements.lock -r requirements-build.lock -r requirements-dev.lock || $(NO_PACKAGES)
	@.venv-3.$*/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

MUTANTS_VENV := .venv-mutants
MUTANTS_STAMP := $(MUTANTS_VENV)/.mailgate-setup
mutants: $(MUTANTS_STAMP) ## Which small faults in ROOM (engine, http/tls …) its own tests catch; fails below 95 % (SAMPLE=60 SEED=1)
	@$(MUTANTS_VENV)/bin/python -m tests.mutants $(ROOM) --sample $(or $(SAMPLE),60) --seed $(or $(SEED),1) $(ARGS)

# what makes the faults, and by a path all that the tests need
$(MUTANTS_STAMP): requirements-mutants.lock $(TEST_STAMP)
	@test -x $(MUTANTS_VENV)/bin/python || $(BIN)/python -m venv $(MUTANTS_VENV)
	@$(MUTANTS_VENV)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-mutants.lock || $(NO_PACKAGES)
	@where='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	$(BIN)/python -c "$$where" >"$$($(MUTANTS_VENV)/bin/python -c "$$where")/of-the-tests.pth"
	@touch $@

check: $(TEST_STAMP) $(EXTENSION) ## Format, lint, types, floors, dead code, docs, and the extension if there is npm
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/pytest -q tests/docs tests/unit/test_mirror.py
	@! test -e $(EXTENSION) || npm --prefix extension run --silent check

e2e: test-setup ## Only the end-to-end tests, which then must not be skipped
	MAILGATE_E2E=required $(BIN)/pytest tests/e2e $(ARGS)

bench: $(TEST_STAMP) ## Measure the gate beside its peers with wrk, and write the figures into the docs: ten minutes (QUICK=1: two, and nothing is written)
	@$(MAKE) --no-print-directory bench-setup || echo "make bench: going on without the peers that could not be installed"
	PYTHONPATH=proxy $(BIN)/python -m benchmarks $(if $(filter-out 0,$(QUICK)),--quick) $(ARGS)

bench-devices: $(TEST_STAMP) ## Measure a million devices: import, decisions, a plan, the console: a quarter of an hour (STORE=postgresql://… for an empty one)
	PYTHONPATH=proxy $(BIN)/python -m benchmarks.devices --keep $(if $(STORE),--store $(STORE)) $(ARGS)

bench-soak: $(TEST_STAMP) ## Load two gates with everything at once for an hour, and note each minute what they hold (STORE=postgresql://… for an empty one)
	PYTHONPATH=proxy $(BIN)/python -m benchmarks.soak --keep $(if $(STORE),--store $(STORE)) $(ARGS)

bench-setup: $(BENCH_STAMP) ## Install the peers that come as Python packages, in an environment of their own

$(BENCH_STAMP): requirements-bench.lock | $(RUN_STAMP)
	test -x $(BENCH_VENV)/bin/python || $(BIN)/python -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-bench.lock
	@touch $@

DOCS_VENV := .venv-docs
DOCS_STAMP := $(DOCS_VENV)/.mailgate-setup
# not --quiet: a warning that is not written does not count for --strict
docs: $(DOCS_STAMP) ## The pages as a site in var/site/html; a link that leads nowhere fails
	@$(BIN)/python docs/make_site.py var/site/pages
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict
	@echo "Open var/site/html/index.html"

RELEASE_VENV := .venv-release
RELEASE_STAMP := $(RELEASE_VENV)/.mailgate-setup
release: $(RUN_STAMP) $(RELEASE_STAMP) ## Everything that is released, in dist/VERSION: built twice and compared, with a bill of materials, sums and (KEY=cosign.key) a signature
	@KEY="$(KEY)" IMAGE="$(IMAGE)" BASE="$(BASE)" deploy/make-release $(ARGS)

$(RELEASE_STAMP): requirements.lock requirements-release.lock | $(RUN_STAMP)
	test -x $(RELEASE_VENV)/bin/python || $(BIN)/python -m venv $(RELEASE_VENV)
	$(RELEASE_VENV)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(RELEASE_VENV)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-release.lock
	@touch $@

$(DOCS_STAMP): requirements-docs.lock | $(RUN_STAMP)
	test -x $(DOCS_VENV)/bin/python || $(BIN)/python -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-docs.lock
	@touch $@

wheel-test: $(RUN_STAMP) ## Build the wheel and try it on a bare Debian without a network: needs root and mmdebstrap; takes a minute
	@deploy/try-wheel

deb: $(RUN_STAMP) ## Build the Debian packages in dist/, for amd64 and arm64, on Debian 12 or 13 with build-essential, debhelper and dh-python
	@deploy/build-deb

deb-test: $(RUN_STAMP) ## Build them and try them on a Debian of their own (SUITE=bookworm) under systemd: needs root, mmdebstrap, systemd-nspawn; takes ten minutes
	@deploy/try-deb

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet --upgrade
lock: $(TEST_STAMP) ## Write the lock files anew from pyproject.toml
	$(LOCK) pyproject.toml --extra postgres --extra grpc --output-file requirements.lock
	$(LOCK) pyproject.toml --extra postgres --extra grpc --extra otel --constraint requirements.lock --output-file requirements-otel.lock
	$(LOCK) --group build --constraint requirements.lock --output-file requirements-build.lock
	$(LOCK) pyproject.toml --extra dev --constraint requirements.lock --constraint requirements-build.lock --constraint requirements-otel.lock \
	  --output-file requirements-dev.lock
	$(LOCK) --group bench --output-file requirements-bench.lock
	$(LOCK) --group release --constraint requirements.lock --output-file requirements-release.lock
	$(LOCK) --group docs --output-file requirements-docs.lock
	$(LOCK) --group mutants --constraint requirements-dev.lock --output-file requirements-mutants.lock

clean: ## Remove what setup, tests and the demo have made
	rm -rf $(VENV) .venv-3.* $(BENCH_VENV) $(DOCS_VENV) $(MUTANTS_VENV) $(RELEASE_VENV) tests/e2e/node_modules extension/node_modules var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
