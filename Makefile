# Thin targets: each is one plain command, or a script that explains itself. CI runs `make ci`.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

demo := "$${CARGO_TARGET_DIR:-target}/debug/demo"

# With the plugin, for whoever looks around. Of the whole workspace, so that what `make test` built is not built once more.
define build-demo
[ -x $(demo) ] || echo 'demo: building it, about 3 minutes the first time'; \
	cargo build --workspace --bin demo --bin kubectl-bridgepool
endef

.PHONY: demo
demo: tools ## a plain Deployment and a BridgePool through a compressed day (KEEP=1 leaves it running to look around)
	@$(build-demo)
	@exec $(demo) $(if $(KEEP),--keep)

.PHONY: around
around: tools ## the same two with people on them and without the day: to look around with kubectl bridgepool, until Ctrl-C
	@$(build-demo)
	@exec $(demo) around

.PHONY: compare
compare: tools ## the same for three set-ups and three days, into docs/compare.md: ten minutes on an idle machine
	@$(build-demo)
	@exec $(demo) compare $(COMPARE_FLAGS)

.PHONY: conform
conform: ## whether BRIDGE=url and JICOFO=url answer as real ones did, docs/conform.md (none: mocks; CONFORM_FLAGS=--allow-changes)
	@[ -x "$${CARGO_TARGET_DIR:-target}/debug/conform" ] || echo 'conform: building it, some minutes the first time'
	@cargo build --quiet --package conform
	@exec "$${CARGO_TARGET_DIR:-target}/debug/conform" $(if $(BRIDGE),--bridge '$(BRIDGE)') $(if $(JICOFO),--jicofo '$(JICOFO)') $(CONFORM_FLAGS)

.PHONY: test
test: tools ## all tests that CI runs
	@compgen -G "$${CARGO_TARGET_DIR:-target}/debug/deps/suite-*" >/dev/null || echo 'tests: building them, some ten minutes the first time'
	@cargo test --workspace --no-fail-fast

.PHONY: test-long
test-long: ## what CI has no time for, into docs/test-long.md: over an hour; PART=orders, guards, cascade, demo, many, oldest, pace or seeds runs one part
	@tests/long $(PART)

.PHONY: bench-adapter
bench-adapter: ## measure jvb-adapter, beside others, into docs/benchmarks.md: a quarter of an hour (QUICK=1: only whether it works)
	@tests/tools/build peers
	@cargo build --profile slim --package adapter --bin jvb-adapter
	@exec cargo run --release --package laboratory --bin bench -- run --adapter "$${CARGO_TARGET_DIR:-target}/slim/jvb-adapter" $(if $(QUICK),--quick --out target/bench) $(BENCH_FLAGS)

.PHONY: bench-scaler
bench-scaler: tools ## measure jvb-scaler, by bridges and by changes, into docs/benchmarks/scaler.md: ten minutes (QUICK=1: only whether it works)
	@cargo build --profile slim --package scaler-controller --bin jvb-scaler
	@exec cargo run --release --package laboratory --bin bench -- scaler --scaler "$${CARGO_TARGET_DIR:-target}/slim/jvb-scaler" $(if $(QUICK),--quick --out target/bench) $(BENCH_FLAGS)

.PHONY: bench
bench: ## measure what decisions and syncs of the HPA cost, into docs/benchmarks/: five minutes
	@BENCH_WRITE=1 cargo bench --package scaler-policy --bench step
	@BENCH_WRITE=1 cargo bench --package hpa --bench sync

.PHONY: lint
lint: .cache/cargo-deny/bin/cargo-deny ## format, clippy, documentation, each crate alone, licences
	@cargo fmt --all --check
	@cargo clippy --quiet --workspace --all-targets -- -D warnings
	@RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps --document-private-items
	@for crate in bridge reach scaler-api scaler-injection scaler-policy scaler-token scaler-controller scaler-sidecar kubectl-bridgepool hpa cluster simulations adapter laboratory conform pages; do cargo check --quiet --package $$crate; done
	@.cache/cargo-deny/bin/cargo-deny --log-level error check bans licenses sources

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZ_SECONDS (10) seconds; needs a nightly toolchain and says so where there is none
	@tests/tools/fuzz $(or $(FUZZ_SECONDS),10)

.PHONY: mutants
mutants: ## change the guards of a bridge's removal and deletion piece by piece: a test must notice each
	@tests/tools/mutants

.PHONY: golden
golden: ## write the golden files anew: look at the difference before you commit it
	@INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --quiet --workspace

.PHONY: fmt
fmt: ## format the sources
	@cargo fmt --all

.PHONY: tools
tools: ## build the laboratory's etcd and Kubernetes into .cache (K8S_VERSION chooses; minutes the first time, then nothing)
	@tests/tools/build

.PHONY: ci
ci: ## what CI runs, with the time of each part
	@.ci/run

# Without optimization: it runs for a second, and its release profile takes longer to build than all that it checks.
.cache/cargo-deny/bin/cargo-deny:
	@echo "cargo-deny: building version 0.20.2, about 3 minutes the first time"
	@CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug --version 0.20.2 --root .cache/cargo-deny cargo-deny
