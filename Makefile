# `make run` shows the product, `make test` proves it. Both work on a bare Debian 12 with python3, pip and apt.

SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest -p no:cacheprovider
ARGS ?=

.PHONY: run test test-fast check lock clean scenarios bench faults

run: $(VENV)/installed
	@exec $(PY) -m deploy.demo $(ARGS)

# ARGS="-k naam" for a part. The halves and their end stand in build/test*.log.
test: $(VENV)/installed
	@scripts/ensure-servers
	@scripts/ensure-node
	@scripts/ensure-peers
	@mkdir -p build
	@set -o pipefail; $(PY) scripts/test $(ARGS) | tee build/test.txt

# Without servers and without the tests that start or kill processes.
test-fast: $(VENV)/installed
	@$(PYTEST) -q -m "not slow and not postgres and not rabbitmq" $(ARGS)

scenarios: $(VENV)/installed
	@$(PY) -m tests.scenarios $(ARGS)

# Casuslog beside what one would use instead; ARGS="--only append --rounds 3" for a part. Writes build/bench.json.
bench: $(VENV)/installed
	@scripts/ensure-servers
	@scripts/ensure-peers
	@PYTHONPATH=build/peers PYTHONWARNINGS=ignore $(PY) -m tests.bench $(ARGS)

# Kill, cut and fill everything there is, then audit that nothing was lost. SEED=7 repeats a run. Writes build/faults.json.
faults: $(VENV)/installed
	@scripts/ensure-servers
	@PYTHONWARNINGS=ignore $(PY) -m tests.faults $(ARGS)

check: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/casuslog schema check
	$(VENV)/bin/casuslog schema gate
	$(VENV)/bin/casuslog docs check
	@$(PY) scripts/audit

# Choose versions anew. The result names no index and no host.
lock: $(VENV)/installed
	scripts/lock

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .casuslog docs/examples/node/node_modules *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: requirements.lock pyproject.toml scripts/ensure-venv
	@scripts/ensure-venv
