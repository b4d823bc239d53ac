# `make demo` and `make test` set up all they need in .venv on a fresh clone with Python 3.11.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin

AUDIT := .venv-audit

.PHONY: demo test bench faults study related reference site browser lint audit sbom clean

$(VENV)/.installed: pyproject.toml constraints.txt requirements.txt $(wildcard plugins/*/pyproject.toml)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt hatchling editables setuptools
	$(BIN)/pip install --quiet --no-build-isolation -c constraints.txt -r requirements.txt
	touch $@

demo: $(VENV)/.installed
	$(BIN)/cem-toolkit evolve --plugins factbook,trl --arms random

# Speed beside lm-eval and TRL, in under half an hour: benchmarks/results/speed.json and docs/images/speed.svg.
bench: $(VENV)/.installed
	$(BIN)/python benchmarks/bench.py

# What a run survives, in about half an hour: kill -9, full disks, damaged files and more; benchmarks/results/faults.json.
faults: $(VENV)/.installed
	$(BIN)/python benchmarks/faults.py

# What each part of the recipe fixes and breaks, in its small form: benchmarks/results/learning.json, from which the
# tables and pictures of docs/results.md are brought up to date.
study: $(VENV)/.installed
	$(BIN)/python benchmarks/learning/study.py
	$(BIN)/python benchmarks/learning/results.py

# The neighbouring methods beside their baselines and ablations, five seeds each, in some four hours: the JSON files of
# benchmarks/results/related and the tables of docs/related.md. What is in a file already is not tried again.
RELATED := icu eul ltu bcl delta clip mulki l2l router vision_delta vision_mulki vision_l2l
related: $(VENV)/.installed
	for name in $(RELATED); do OMP_NUM_THREADS=1 $(BIN)/python benchmarks/related/$$name.py || exit 1; done
	$(BIN)/python benchmarks/related/results.py

# What documents say about the code, from the code: pages under docs/reference, option tables in the plugins' READMEs.
reference: $(VENV)/.installed
	$(BIN)/python docs/scripts/write_reference.py

# The documentation as a site, to be read from disk or served: site/index.html. Broken links are errors.
site: $(VENV)/.installed
	$(BIN)/python docs/scripts/build_site.py

# Files of tests go to as many processes; a file's tests stay together.
JOBS ?= 2
test: $(VENV)/.installed browser lint
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile

# The report is opened in a browser by its tests; without one they are skipped, but for CI, where that is a failure.
browser: $(VENV)/.installed
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
	|| { command -v apt-get && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium; } >/dev/null \
	|| $(BIN)/playwright install chromium || echo "no browser could be installed: the tests that need one are skipped"

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The tools have an environment of their own, so that what they need mixes with nothing that is tested.
$(AUDIT)/.installed: Makefile
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/pip install --quiet pip-audit==2.10.1 cyclonedx-bom==7.5.0
	touch $@

# Known vulnerabilities in what constraints.txt pins. Fails where one is found, and where the index does not say: a mirror
# that keeps no advisories would else pass everything. AUDIT_OPTIONS="-s osv" asks osv.dev in the place of PyPI.
audit: $(AUDIT)/.installed
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt $(AUDIT_OPTIONS)

# What is installed, with licences, as CycloneDX: dist/sbom.json.
sbom: $(AUDIT)/.installed $(VENV)/.installed
	mkdir -p dist
	$(AUDIT)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file dist/sbom.json $(BIN)/python

clean:
	rm -rf $(VENV) $(AUDIT) .pytest_cache .mypy_cache .ruff_cache
