# Everything sets itself up: with Python >= 3.11, git and make, `make bench` is the only command a new user needs.
PYTHON ?= python3
CONFIG ?= configs/german_credit.yaml
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help bench plan test test-all check format lint results calibrate speed scale tamper faults processors lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18
	@echo "  CONFIG=configs/x.yaml chooses the project, ARGS=\"--jobs 1\" is handed on to kiss-bench."

bench: $(VENV)/run.stamp  ## run the ladder of CONFIG and print its leaderboard
	@$(BIN)/kiss-bench run $(CONFIG) $(ARGS)

plan: $(VENV)/run.stamp  ## say what a run of CONFIG would do; fit nothing
	@$(BIN)/kiss-bench plan $(CONFIG)

test: $(VENV)/dev.stamp $(VENV)/browser.stamp  ## run the tests that take minutes; ARGS="tests/x.py" runs those
ifeq ($(ARGS),)
	$(BIN)/python -m pytest -m "not slow and not alone and not processors" --numprocesses logical --dist loadfile
else
	$(BIN)/python -m pytest $(ARGS)
endif

test-all: test  ## and all others: whole runs, attacks, servers, simulations; last, alone, what kills or is timed
	$(BIN)/python -m pytest -m "slow and not alone and not processors" --numprocesses logical --dist loadfile
	$(BIN)/python -m pytest -m alone

check: lint test test-all  ## format, ruff, mypy, import contract and all tests: what CI runs

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/dev.stamp  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

results: $(VENV)/run.stamp  ## run every config of the project again
	@for config in configs/*.yaml; do $(BIN)/kiss-bench run $$config $(ARGS) || exit $$?; done

calibrate: $(VENV)/dev.stamp  ## simulate how often the judge is wrong; write docs/statistics.md
	$(BIN)/python -m calibration $(ARGS)

speed: $(VENV)/dev.stamp  ## measure against a hand-written script; write docs/speed.md
	$(BIN)/python -m speed $(ARGS)

scale: $(VENV)/dev.stamp  ## measure time and memory up to three million rows; write docs/scale.md
	$(BIN)/python -m speed.scale $(ARGS)

tamper: $(VENV)/dev.stamp  ## change 1,000 single bytes of a result folder; verify has to find each that changes a meaning
	KISS_BENCH_EDITS=1000 $(BIN)/python -m pytest tests/proposal/test_verify.py -k random_edits --timeout 1800

faults: $(VENV)/dev.stamp  ## kill a run at 20 random moments, and all else that goes wrong on real machines
	KISS_BENCH_KILLS=20 $(BIN)/python -m pytest tests/end_to_end/test_fault_table.py --timeout 1800

processors: $(VENV)/dev.stamp  ## the digest under emulated processors of two makers (Debian: qemu-user); minutes
	@command -v qemu-x86_64 >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends qemu-user >/dev/null; } || \
		{ echo "install qemu-user (Debian: sudo apt-get install qemu-user) and run make processors again"; exit 2; }
	$(BIN)/python -m pytest -m processors --timeout 3600 tests/end_to_end/test_one_digest.py

lock: $(VENV)/dev.stamp  ## resolve the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev pyproject.toml build.in -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		-c requirements-dev.lock pyproject.toml build.in -o requirements.lock

clean:  ## remove the environment and caches; results stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "kiss_bench needs Python >= 3.11; '$(PYTHON)' is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "making an environment in $(VENV) (once, a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp requirements.lock pyproject.toml
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q kiss_bench
	@touch $@

# The leaderboard's page is tested in a real browser.
$(VENV)/browser.stamp: $(VENV)/python.stamp
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-liberation >/dev/null; } || \
		{ echo "the tests want Chromium: install it (Debian: sudo apt-get install chromium) and run make test again"; exit 2; }
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
