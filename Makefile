# `make run` tries it out, `make test` proves it. Both need only python3 with venv.

PYTHON ?= python3
# The suite starts hundreds of processes: without bytecode each would compile the whole program.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin

.PHONY: run test lint check-types imports suite quick long thorough coverage ci simulate faults bench docs pictures lock clean

run: .venv/run
	$(BIN)/leadbridge run --sandbox --demo $(ARGS)

# Types are checked while the suite, which waits a lot, runs.
test: lint imports
	$(MAKE) --no-print-directory -j2 check-types suite

lint: .venv/test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check-types: .venv/test
	$(BIN)/mypy

imports: .venv/test
	$(BIN)/lint-imports

# What drives processes or a browser waits for the most part: more tests at a time than cores.
PYTEST := -m pytest --dist loadfile --no-loadscope-reorder --numprocesses
suite: .venv/test
	$(BIN)/python $(PYTEST) 4 -m "not thorough"

quick: .venv/test
	$(BIN)/python $(PYTEST) 2 -m "not long"

long: .venv/test
	$(BIN)/python $(PYTEST) 3 -m "long and not thorough"

# What `make test` has no time for: languages and themes, phones, hostile texts, real faults, the benchmarks' own tests.
thorough: .venv/test
	$(BIN)/python $(PYTEST) 3 -m thorough

# The quick tests of `make test` with full properties: the tracer would double the time of processes and browsers.
coverage: .venv/test
	$(BIN)/coverage erase
	SUITE=full $(BIN)/coverage run $(PYTEST) 2 -m "not long and not thorough"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

# All of `make test`, its quick part traced and with full properties, and what it leaves out.
ci: lint check-types imports coverage long thorough

# Histories of faults, each from its seed; `make test` has a short form.
HISTORIES ?= 10000
simulate: .venv/test
	$(BIN)/python -m tests.simulation --histories $(HISTORIES)

# Real faults on both databases, as many as asked for; `make thorough` has a short form. OUTAGE is in seconds.
KILLS ?= 100
RESTARTS ?= 10
STOPS ?= 5
CUTS ?= 100
SIGTERMS ?= 50
OUTAGE ?= 20
ATTEMPTS ?= 2000
RACES ?= 2000
faults: .venv/test
	FAULTS_KILLS=$(KILLS) FAULTS_RESTARTS=$(RESTARTS) FAULTS_STOPS=$(STOPS) FAULTS_CUTS=$(CUTS) \
		FAULTS_SIGTERMS=$(SIGTERMS) FAULTS_OUTAGE=$(OUTAGE) FAULTS_ATTEMPTS=$(ATTEMPTS) \
		FAULTS_RACES=$(RACES) $(BIN)/python -m pytest -s tests/faults tests/store/test_cancel_or_due.py

# The rows of docs/development/performance.md beside the peers; `make bench ARGS="--rows 1 2 --runs 1"`.
bench: .venv/test
	$(BIN)/python -m benchmarks $(ARGS)

# The pages that are made from the code.
docs: .venv/test
	$(BIN)/python -m tests.support.codemap
	$(BIN)/python -m tests.webhook.sources_page
	$(BIN)/python -m tests.dispatch.interplay

# The pictures of the README, of a running console.
pictures: .venv/test
	$(BIN)/python -m tests.support.pictures

# Both locks are made from setup.cfg; run this after changing a dependency there.
lock: .venv/test
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q setup.cfg --universal --python-version 3.11 --no-emit-index-url \
		--extra install --extra postgres --extra asymmetric --generate-hashes --no-header -o requirements.txt
	$(BIN)/uv pip compile -q setup.cfg --universal --python-version 3.11 --no-emit-index-url \
		--extra test --generate-hashes --no-header -c requirements.txt -o tests/requirements.txt

.venv/run: requirements.txt setup.cfg
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/test: tests/requirements.txt .venv/run
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r tests/requirements.txt
	touch $@

clean:
	rm -rf .venv build *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
