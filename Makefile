# make demo   a real connection on this machine, captured and drawn
# make test   every test that this machine can run
# make bench  how fast each stage is, and as root what a live capture bears
# make capture KIND=web MB=1000 TO=web.pcap   a generated capture to measure with: web, scan or elephant
GO        ?= go
BIN       := .build/tcpsee
PREFIX    ?= /usr/local
BENCHTIME ?= 1s
KIND      ?= web
MB        ?= 100
SEED      ?= 1
TO        ?= $(KIND).pcap
TESTFLAGS ?=
export CGO_ENABLED = 0

.PHONY: demo test build install bench capture lint clean

demo: build
	@$(BIN) demo

test:
	$(GO) test $(TESTFLAGS) ./...

build:
	@$(GO) build -trimpath -o $(BIN) ./cmd/tcpsee

# sudo's PATH seldom has a Go folder: build as oneself, copy with sudo.
install: build
	@if [ -w $(PREFIX)/bin ]; then install -m 0755 $(BIN) $(PREFIX)/bin/tcpsee; \
	 else sudo install -m 0755 $(BIN) $(PREFIX)/bin/tcpsee; fi
	@echo "installed $(PREFIX)/bin/tcpsee"

bench:
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

capture:
	@$(GO) test ./dissect/segtest -run '^TestWriteGenerated$$' -v -args -generate $(KIND) -megabytes $(MB) -seed $(SEED) -to $(abspath $(TO)) | grep bytes

lint:
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	$(GO) vet ./...

clean:
	rm -rf .build
