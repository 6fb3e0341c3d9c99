# Steadycast's own commands. Each makes .venv from a lock file with hashes when it has to, and nothing else on this machine.
#   make run            the main job on this workspace, then stay up: server, flows, watcher (ONCE=1: do it and exit)
#   make test           the fast tests (ALL=1: the slow and the live ones too, and the linters)
#   make live           the platforms against their real servers, which it installs: WordPress, Ghost, Bluesky, Matrix, mail ...
#   make lint-output    the sample's pages and feeds by the Nu HTML checker, axe and the feeds' rules
#   make storm          1,000 workers killed in mid-send; the table, then the seed (KILLS=10000 SEED=7 CLASS=blind)
#   make points         a worker killed at every numbered step, each class, first send to recovery of recovery
#   make mutants        the protocol broken in one place at a time: each must be caught
#   make bench          measure against peers, and write benchmarks/RESULTS.md
#   make drill          twelve weeks of bad weather, 200 times, as docs/guarantees.md tells of them (SEEDS=10, DRILL=daily)
#   make powercut       what a power cut costs, on traced writes (IMAGES=1000, SEED=)
#   make editor         bundle the desk's text editor anew from editor/ (needs npm; the result is in the repository)
#   make texts          what the desk says: take new texts into the catalogues, and compile them
#   make lock           renew the lock files from pyproject.toml
#   make clean          remove .venv and caches; the ledger and what was published stay

VENV ?= .venv
# 3.11 or newer; Debian calls it python3, others may have several.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
WORKERS = $(shell expr 3 + $$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN))

# A folder in memory with 4 GB left, from which programs may run: the fast tests commit thousands of times, and a disk makes each wait.
IN_MEMORY = $(shell df -kP /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print "TMPDIR=/dev/shm"}')

.PHONY: run test live docs editor texts lint-output storm points mutants drill bench powercut lock clean
.DEFAULT_GOAL := run

run: $(VENV)/ready
	@$(VENV)/bin/steadycast up $(if $(ONCE),--once)

# The fast ones on every core, and three processes more, since some wait for a deadline; of the slow and live ones those marked
# parallel two at a time, a file to a process; the rest one by one, since they freeze, kill and measure. What they start
# finds the library compiled; the tests' own modules stay compiled, too, whatever this machine prefers. In a new clone they are
# compiled first, once: every process would do all of it again. ARGS: just those.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/ready-dev
	@$(VENV)/bin/python -m compileall -q src
	@$(if $(ARGS),,ls tests/__pycache__/conftest*pytest*.pyc >/dev/null 2>&1 || $(VENV)/bin/python -m pytest --collect-only -qq >/dev/null || true)
	@$(if $(ARGS),,$(IN_MEMORY)) $(VENV)/bin/python -m pytest $(if $(ARGS),$(if $(ALL),-m "slow or not slow") $(ARGS),-n $(WORKERS) --dist worksteal)
	@$(if $(ALL),$(if $(ARGS),,$(VENV)/bin/python -m pytest -m "(slow or live) and parallel" -n 2 --dist loadfile --no-loadscope-reorder --durations=25))
	@$(if $(ALL),$(if $(ARGS),,$(VENV)/bin/python -m pytest -m "(slow or live) and not parallel" --durations=25))

live: export PYTHONDONTWRITEBYTECODE =
live: $(VENV)/ready-dev
	@$(VENV)/bin/python -m pytest -m live $(or $(ARGS),$(wildcard tests/test_channel_*_live.py tests/test_upload_live.py))

# The lists of platforms in the documents, from channels/*/channel.toml.
docs: $(VENV)/ready-dev
	@$(VENV)/bin/python docs/lists.py

editor:
	@npm ci --prefix editor --no-audit --no-fund --ignore-scripts
	@cd editor && node node_modules/esbuild/bin/esbuild editor.js --bundle --minify --format=iife --target=es2020 \
		--charset=utf8 --legal-comments=none --outfile=../src/steadycast/desk/static/vendor/codemirror-6.min.js

texts: $(VENV)/ready-dev
	@$(VENV)/bin/python docs/texts.py

lint-output: $(VENV)/ready-dev
	@$(VENV)/bin/python -m pytest -m "slow or not slow" tests/test_output.py $(ARGS)

storm: $(VENV)/ready-dev
	@PYTHONPATH=tests $(VENV)/bin/python -m storm --kills $(or $(KILLS),1000) $(if $(SEED),--seed $(SEED)) $(if $(CLASS),--classes $(CLASS)) $(ARGS)

points mutants: $(VENV)/ready-dev
	@PYTHONPATH=tests $(VENV)/bin/python -m storm $@ $(if $(SEED),--seed $(SEED)) $(ARGS)

drill: $(VENV)/ready
	@$(VENV)/bin/steadycast drill $(or $(DRILL),storm) --seeds $(or $(SEEDS),200) $(ARGS)

bench: $(VENV)/ready-dev
	@$(VENV)/bin/python benchmarks/run.py $(ARGS)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Steadycast needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python lacks venv: apt install python3-venv"; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# --no-deps: the lock file is the whole list, so nothing has to be resolved.
$(VENV)/ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing requirements.lock"
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/ready-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing requirements-dev.lock"
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/ready

powercut: $(VENV)/ready-dev
	@PYTHONPATH=tests $(VENV)/bin/python -m powercut --images $(or $(IMAGES),1000) $(if $(SEED),--seed $(SEED),)

lock:
	uv pip compile pyproject.toml --group build --generate-hashes --python-version 3.11 --universal -q --no-header --no-emit-index-url -o requirements.lock
	uv pip compile pyproject.toml --group dev --generate-hashes --python-version 3.11 --universal -q --no-header --no-emit-index-url -c requirements.lock -o requirements-dev.lock

# What can be made again. The ledger, what was published, media and kits stay: they cannot.
clean:
	rm -rf $(VENV) $(addprefix var/,cache preview render log)
