# The course in two commands: `make course` and `make test`. Both set up .venv first, once.

# The first of these that is a Python we support; or say which: make course PYTHON=python3.12
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin/python
READY := .venv/ready
INSTALL = $(PYTHON) notebooks/install.py

help:
	@echo "make course     run every notebook, write HTML under build/course/, end with a table"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make test       lint, unit tests, and every notebook against its stored outputs"
	@echo "make site       a static edition to read, its slider included, under build/site/"
	@echo "make test-browser  the threshold explorer in a real Chromium"
	@echo "make test-backends  the Keras side on JAX and on PyTorch"
	@echo "make test-one-kernel  the notebooks once more, from the last to the first, in one kernel"
	@echo "make test-server  a shared index on a real Milvus server, started on this machine and stopped again"
	@echo "make test-colab  a notebook in Colab's versions of Python and packages; needs Python 3.12"
	@echo "make test-wheel, test-lowest  the package: in a bare environment, and at the lowest versions it admits"
	@echo "make release    build the package and try it, ready to be published"
	@echo "make mutants    change simlib in thousands of small ways: does a test notice? an hour or two"
	@echo "make notebooks  run the sources in notebooks/src/ into the stored notebooks/*.ipynb"
	@echo "make exercises  generate the starters in exercises/ from exercises/src/"
	@echo "make lock       renew the versions in .ci/lock.txt; LOCK=no make test: the newest, without it"
	@echo "make clean      remove what these made: .venv and build"

course: $(READY)
	@$(RUN) notebooks/build.py course

lab: $(READY)
	@.venv/bin/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks

test: lint
	@$(RUN) notebooks/build.py check
	@$(RUN) -m pytest $(TWO_AT_A_TIME)
	@$(RUN) -m pytest $(TWO_AT_A_TIME) $(NBVAL) $(LONGEST_FIRST)

# It finds a notebook that leans on what another left behind. That comes seldom, so CI alone runs it.
test-one-kernel: .venv/ready-test
	@$(RUN) notebooks/build.py again
	@$(RUN) -m pytest $(NBVAL) build/again/again.ipynb

# Whole files: the cells of one notebook need one kernel, and tests of one file share what they load.
TWO_AT_A_TIME := -n 2 --dist loadfile
NBVAL := -o addopts= -q --nbval --nbval-current-env --nbval-cell-timeout 300 \
	--nbval-sanitize-with tests/notebooks/sanitize.cfg -p no:cacheprovider
LONGEST_FIRST = --no-loadscope-reorder notebooks/01*.ipynb $(shell ls -r notebooks/0[2-9]*.ipynb)

lint: .venv/ready-test
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/zizmor --offline --quiet --no-progress --config .github/zizmor.yml .github/workflows 2>/dev/null || \
		.venv/bin/zizmor --offline --config .github/zizmor.yml .github/workflows

exercises: $(READY)
	@$(RUN) exercises/generate.py

notebooks: $(READY)
	@$(RUN) notebooks/build.py build $(NAMES)

site: .venv/ready-site
	@$(RUN) -W ignore notebooks/reading_edition.py

test-browser: .venv/ready-test .venv/ready-site .venv/ready-browser
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu-core >/dev/null; } || { \
		echo "The browser test needs Chromium. It can be installed here only by root with apt-get." \
			"Install it, or say where it is: make test-browser CHROMIUM=/path/to/chromium"; exit 1; }
	@BROWSER=required $(RUN) -m pytest tests/browser

# JAX and PyTorch in an environment of their own, so that TensorFlow cannot help out.
BACKENDS := build/backends
test-backends: $(BACKENDS)/ready
	@for backend in jax torch; do echo "Keras on $$backend"; \
		KERAS_BACKEND=$$backend $(BACKENDS)/bin/python -m pytest -o addopts=-q -p no:cacheprovider \
		tests/embedding || exit 1; done

$(BACKENDS)/ready: requirements.txt pyproject.toml .ci/lock.txt
	@$(INSTALL) in $(BACKENDS) jax torch==2.13.0 -e ".[plots,mnist]" keras pytest hypothesis
	@touch $@

# A real Milvus in an environment of its own: the wheel brings the server, and an old client with it.
MILVUS := build/milvus
test-server: .venv/ready-test
	@case "$$(uname -sm)" in "Linux x86_64" | Darwin*) ;; *) echo "test-server: Milvus 2.3.5 has no wheel for" \
		"$$(uname -sm), so there is no server to test with here. make test tries the embedded file."; exit 0;; esac; \
	$(MAKE) --no-print-directory $(MILVUS)/ready && MILVUS_PYTHON="$(CURDIR)/$(MILVUS)/bin/python" \
		$(RUN) -m pytest -n 2 --dist loadfile -p no:cacheprovider -k "server or programs" $(ON_THE_SERVER)

ON_THE_SERVER := tests/scale/test_milvus.py tests/test_search_contract.py tests/test_living_index.py
$(MILVUS)/ready: Makefile
	@LOCK=no $(INSTALL) in $(MILVUS) milvus==2.3.5
	@touch $@

# Colab's own versions, and nothing of ours: a notebook's set-up cell has to bring the rest.
COLAB := build/colab
test-colab: .venv/ready-test $(COLAB)/ready
	@COLAB_LIKE=$(CURDIR)/$(COLAB)/bin/python $(RUN) -m pytest -k in_colabs_versions tests/notebooks/test_colab.py

$(COLAB)/ready:
	@LOCK=no $(or $(PYTHON312),python3.12) notebooks/install.py in $(COLAB) "tensorflow==2.19.*" "keras==3.10.*" \
		"numpy==2.0.*" "pandas==2.2.*" pip ipykernel matplotlib seaborn scipy scikit-learn ipywidgets psutil
	@touch $@

# The lowest versions that pyproject.toml admits. Only uv can ask for them.
LOWEST := build/lowest
test-lowest: $(LOWEST)/ready
	@$(LOWEST)/bin/python -m pytest $(TWO_AT_A_TIME) -p no:cacheprovider tests/test_*.py tests/embedding tests/trust \
		tests/plots tests/explorer tests/course

$(LOWEST)/ready: pyproject.toml
	@command -v uv >/dev/null || { echo "This needs uv. Install it: pip install uv"; exit 1; }
	@LOCK=no $(INSTALL) in $(LOWEST) --resolution=lowest-direct -e ".[keras,plots,mnist,scale]" \
		"pytest>=9" "pytest-xdist>=3.8" "hypothesis>=6.140" "pandas>=2.2"
	@touch $@

# The wheel where nothing else is, and then with what the README's first example needs.
WHEEL := build/wheel
test-wheel:
	@rm -rf build/dist $(WHEEL)
	@$(INSTALL) in build/pack build twine
	@build/pack/bin/python -m build --outdir build/dist . > build/pack/build.log 2>&1 || { cat build/pack/build.log; exit 1; }
	@build/pack/bin/python -m twine check --strict build/dist/*
	@$(INSTALL) in $(WHEEL) build/dist/*.whl
	@$(WHEEL)/bin/python tests/bare.py
	@$(INSTALL) in $(WHEEL) "$$(ls build/dist/*.whl)[keras,mnist]"
	@mkdir -p $(WHEEL)/course && cp -r README.md notebooks $(WHEEL)/course
	@cd $(WHEEL)/course && ../bin/python -m doctest -o NORMALIZE_WHITESPACE README.md && echo "README: all examples right"

release: test-wheel
	@version=$$(ls build/dist/*.whl | cut -d- -f2); grep -q "^## $$version" CHANGELOG.md || { \
		echo "CHANGELOG.md has no section ## $$version"; exit 1; }
	@echo "build/dist/ is ready. To publish it, push the tag; or: build/pack/bin/python -m twine upload build/dist/*"

# In mutants/, a copy. What was tried already is not tried again until its code changes.
mutants: .venv/ready-test .venv/ready-mutants
	@TF_CPP_MIN_LOG_LEVEL=3 .venv/bin/mutmut run
	@.venv/bin/mutmut results

lock:
	@$(INSTALL) lock

clean:
	rm -rf .venv build mutants

$(READY): requirements.txt pyproject.toml .ci/lock.txt
	@$(or $(PYTHON),python3) -c '$(SUPPORTED)' 2>/dev/null || { \
		echo "The course needs Python 3.11, 3.12 or 3.13, and there is none here" \
			"($(or $(PYTHON),python3) is: $$($(or $(PYTHON),python3) --version 2>&1))." \
			"Install one, or say where it is: make course PYTHON=/path/to/python3.12"; exit 1; }
	@$(INSTALL)
	@touch $@

.venv/ready-%: $(READY)
	@$(INSTALL) $*
	@touch $@

.PHONY: help course exercises lab test test-one-kernel test-server test-browser test-backends test-colab test-wheel test-lowest release mutants lint notebooks site lock clean
