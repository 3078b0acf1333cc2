# Two commands matter: `make run` shows the product, `make test` proves it.
export CGO_ENABLED ?= 0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 20s

.PHONY: run build test lint fuzz bench clean

run: build ## build, make up a night at an invented hospital, scan it
	./bin/wardline demo

build: ## one static binary in bin/
	go build -trimpath -tags timetzdata -o bin/wardline ./cmd/wardline

test: lint ## everything that must hold before a change is taken in
	go test ./...
	cd bench && go vet ./...

lint: ## formatting, vet, staticcheck
	@test -z "$$(gofmt -l cmd content format internal bench)" || { gofmt -l cmd content format internal bench; echo 'run gofmt on these'; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

fuzz: ## every fuzz target for FUZZTIME each
	@for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

bench: ## side by side with other readers and engines
	cd bench && go test -run '^$$' -bench . -benchtime 2s -timeout 60m ./...

clean:
	rm -rf bin
