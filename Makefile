# Two commands matter: `make run` shows the product, `make test` proves it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export CGO_ENABLED ?= 0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
FUZZTIME ?= 20s
# what a test that failed has printed, and nothing of the others: run once more it might hold
FAILED := awk '/^=== RUN +[^\/]*$$/ { said = "" } { said = said $$0 "\n" } /^--- (PASS|SKIP)/ { said = "" } /^(--- FAIL|FAIL)/ { printf "%s", said; said = "" }'

.PHONY: run product build test trust lint fuzz bench clean

run: product ## build, start a node, let an invented hospital send to it
	./bin/wardline demo

product: ## the one binary
	go build -trimpath -ldflags '-s -w' -tags timetzdata -o bin/wardline ./cmd/wardline

build: product ## static binaries in bin/: the product, what outsiders check evidence with, and the watcher of decoys for other machines, on Linux and Windows
	go build -trimpath -ldflags '-s -w' -o bin/wardline-verify ./cmd/wardline-verify
	go build -trimpath -ldflags '-s -w' -o bin/wardline-canary ./cmd/wardline-canary
	GOOS=windows go build -trimpath -ldflags '-s -w' -o bin/wardline-canary.exe ./cmd/wardline-canary

test: lint ## everything that must hold before a change is taken in; ends with what was skipped and why
	@mkdir -p bin
	@.ci/needs || unset CI; echo 'go test -p 4 -v ./... > bin/test.log'; go test -p 4 -v ./... > bin/test.log 2>&1 || { $(FAILED) bin/test.log; exit 1; }
	@grep -E '^ok' bin/test.log
	GODEBUG=cpu.avx2=off go test -short ./format/jsonl ./internal/detect ./internal/detect/literal # as on a processor without these instructions
	@if command -v gcc > /dev/null; then \
		CGO_ENABLED=1 go test -p 4 -race -short ./internal/scan ./internal/detect ./internal/finding ./internal/collect ./internal/collect/httpin ./internal/collect/hl7/... ./internal/triage ./internal/journal/... ./internal/hospital ./internal/access ./internal/store ./internal/watch ./internal/integrity ./internal/integrity/witness ./internal/integrity/stamp ./internal/sim/send; \
		CGO_ENABLED=1 go test -race -short -run Room ./internal/privacy; \
	else echo 'race detector skipped: it needs a C compiler'; fi
	cd bench && go vet ./...
	@awk '/^ +[a-z_0-9]+_test\.go:[0-9]+: / { reason = $$0 } /--- SKIP/ { print "skipped " $$3 ":" reason; n++ } END { print n + 0 " skipped" }' bin/test.log

trust: ## the long forms: kills by the hundred, power cuts, wrong clocks, load, a million rows, 10 GiB in TMPDIR; parts of it need root
	WARDLINE_TRUST=1 WARDLINE_LOAD=$${WARDLINE_LOAD:-5000:10m,20000:60s} WARDLINE_START_MIB=$${WARDLINE_START_MIB:-10240} go test -v -count=1 -timeout 120m -p 1 \
		./internal/store ./internal/journal/... ./internal/index ./internal/watch ./internal/access ./internal/continuity/probe ./internal/app/node

lint: ## formatting, vet, staticcheck; known vulnerabilities where their list can be had
	@test -z "$$(gofmt -l cmd content format internal bench)" || { gofmt -l cmd content format internal bench; echo 'run gofmt on these'; exit 1; }
	go vet ./...
	GOOS=windows go vet ./cmd/wardline-canary ./internal/continuity/canary/...
	GOARCH=arm64 go vet ./format/jsonl ./internal/detect/...
	go run $(STATICCHECK) ./...
	@if (exec 3<> /dev/tcp/vuln.go.dev/443) 2> /dev/null; then go run $(GOVULNCHECK) ./...; \
	else echo 'govulncheck skipped: its list of vulnerabilities cannot be reached'; fi

fuzz: ## every fuzz target for FUZZTIME each
	@for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

bench: ## side by side with other readers and engines
	cd bench && go test -run '^$$' -bench . -benchtime 2s -timeout 60m ./...

clean: ## remove what was built
	rm -rf bin
