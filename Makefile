# Run `make` for the list of targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
LINT = $(GO) tool -modfile=tools/go.mod golangci-lint
GORELEASER = $(GO) tool -modfile=tools/goreleaser/go.mod goreleaser
FUZZTIME ?= 60s
HANDIN ?= handin
DASHBOARDS ?= dashboards
IMAGES ?= dist/images
TRACES ?= ../shared/traces

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/\1|\2/' | column -t -s '|'

.PHONY: demo
demo: ## Run the whole loop on this machine: load comes, the pool grows; load goes, it shrinks
	$(GO) run ./cmd/demo

.PHONY: test
test: ## Run all tests, as the README says
	$(GO) test ./...

.PHONY: race
race: ## Run all tests under the race detector, in random order
	$(GO) test -race -shuffle=on ./...

.PHONY: lint
lint: ## Run the pinned linter, the formatter check and go vet
	$(LINT) run ./...
	$(LINT) fmt --diff ./...
	$(GO) vet ./...

.PHONY: fmt
fmt: ## Format the code
	$(LINT) fmt ./...

.PHONY: fuzz
fuzz: ## Fuzz every decoder for FUZZTIME (60s) each
	@.ci/fuzz $(FUZZTIME)

.PHONY: bench
bench: ## Run the benchmarks: API calls, time and allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: build
build: ## Build the programs into bin/, static and reproducible
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/ ./cmd/...

.PHONY: verify
verify: ## Fail when go.mod or generated files are not what the tools would write
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) test -run TestArchiveIsThatOfTheSource ./internal/handin

.PHONY: source
source: ## Write terraform/source.tar, the source of the two programs, which Terraform deploys
	$(GO) run ./internal/handin/write source

.PHONY: handin
handin: ## Write the folder HANDIN (handin): Terraform and both programs, as the course takes them
	$(GO) run ./internal/handin/write folder "$(HANDIN)"

.PHONY: images
images: ## Write the container images of all programs to the folder IMAGES (dist/images); needs no container engine
	$(GO) run ./internal/images/write "$(IMAGES)"

.PHONY: release-check
release-check: ## Check the configuration of releases, .goreleaser.yaml
	$(GORELEASER) check

.PHONY: snapshot
snapshot: ## Write all files of a release to dist/, from the present commit; takes minutes
	$(GORELEASER) release --snapshot --clean --parallelism 1

.PHONY: scoreboard
scoreboard: ## Write docs/scoreboard.md anew: how well ways to scale follow recorded loads (TRACES: a folder with more)
	$(GO) run ./internal/scoreboard/write "$(TRACES)"

.PHONY: dashboards
dashboards: ## Draw Grafana's dashboards into DASHBOARDS (dashboards) after a run of 15 minutes; needs npm, Chromium, Prometheus
	npm ci --prefix tools/dashboards
	EXOPOOL_DASHBOARDS="$(abspath $(DASHBOARDS))" $(GO) test -count=1 -v -timeout 60m ./test/dashboards

.PHONY: openapi
openapi: ## Download the official OpenAPI document, which the emulator is checked against
	$(GO) run ./internal/openapi/fetch

.PHONY: prepare
prepare: ## Install what the checks can use: as root, Debian packages
	.ci/prepare

.PHONY: presubmit
presubmit: ## Check what CI checks; installs nothing
	.ci/check
