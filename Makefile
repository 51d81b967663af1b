# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
PORT ?= 8000
PYTHON = .venv/bin/python
TEMPLATES = $(shell find templates -name '*.html')

.DEFAULT_GOAL = help
.PHONY: help setup setup-test run test coverage check format bench clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## set up what `make run` needs
	@bin/bootstrap

setup-test: ## set up what `make test` needs as well
	@bin/bootstrap --test

run: setup ## serve at 127.0.0.1:8000 (or PORT=) with a sample year and a backtest of it
	@$(PYTHON) manage.py serve --bind 127.0.0.1:$(PORT) --sample

test: check ## run every check and every test
	$(PYTHON) -m pytest --cov --cov-report=term

coverage: setup-test ## run every test, and count branches too: twice as slow
	COVERAGE_CORE=ctrace $(PYTHON) -m pytest --cov --cov-branch --cov-report=term

check: setup-test ## check format, rules, types and which way imports go
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/djade --check $(TEMPLATES)
	.venv/bin/shellcheck bin/bootstrap .ci/run
	.venv/bin/lint-imports
	.venv/bin/deptry .
	.venv/bin/mypy

format: setup-test ## format the code and mend what can be mended
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/djade $(TEMPLATES)

bench: setup-test ## print each target beside what this machine reaches
	$(PYTHON) -m benchmarks

clean: ## remove what was built and installed; data/ stays
	rm -rf .venv .tools .setup-stamps node_modules static/build staticfiles test-results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
