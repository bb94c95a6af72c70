# make demo   a real connection on this machine, captured and drawn
# make test   every test that this machine can run
# make bench  how fast each stage is, and as root what a live capture bears
# make profile   what the compiler is told to make fast: cmd/tcpsee/default.pgo
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

.PHONY: demo test build install bench profile capture lint clean

demo: build
	@$(BIN) demo

# Tests are built without the profile: with it, all that cmd/tcpsee imports
# would be compiled a second time.
test:
	$(GO) test -pgo=off $(TESTFLAGS) ./...

build:
	@$(GO) build -trimpath -o $(BIN) ./cmd/tcpsee

# sudo's PATH seldom has a Go folder: build as oneself, copy with sudo.
install: build
	@if [ -w $(PREFIX)/bin ]; then install -m 0755 $(BIN) $(PREFIX)/bin/tcpsee; \
	 else sudo install -m 0755 $(BIN) $(PREFIX)/bin/tcpsee; fi
	@echo "installed $(PREFIX)/bin/tcpsee"

bench:
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

# Whole runs on generated captures, on a machine that does nothing else, by one
# core: where stages wait for each other is nothing to make fast. As root a
# flood of connections, live, too.
PROFILES := .build/profile
RUNS     ?= 25
profile:
	rm -rf $(PROFILES) && mkdir -p $(PROFILES)
	@for kind in web elephant scan; do \
	   $(MAKE) --no-print-directory capture KIND=$$kind MB=100 TO=$(PROFILES)/$$kind.pcap || exit 1; done
	$(GO) build -trimpath -tags profile -pgo=off -o $(PROFILES)/tcpsee ./cmd/tcpsee
	@for run in $$(seq $(RUNS)); do for shown in web:summary web:timeline web:ndjson elephant:summary scan:summary; do \
	   case $$shown in *:ndjson) as="-o ndjson";; *) as="--view $${shown#*:}";; esac; \
	   GOMAXPROCS=1 TCPSEE_PROFILE=$(PROFILES)/$$shown.$$run.prof \
	     $(PROFILES)/tcpsee replay $(PROFILES)/$${shown%:*}.pcap $$as >/dev/null || exit 1; done; done
	@[ "$$(id -u)" != 0 ] || TCPSEE_FLOOD_BINARY=$(abspath $(PROFILES)/tcpsee) TCPSEE_FLOOD_SECONDS=60 \
	   TCPSEE_PROFILE=$(abspath $(PROFILES)/flood.prof) \
	   $(GO) test -pgo=off ./cmd/tcpsee -run '^$$' -bench 'BenchmarkFlood/^table$$' -benchtime 1x
	$(GO) tool pprof -proto -output=cmd/tcpsee/default.pgo $(PROFILES)/*.prof

capture:
	@$(GO) test ./dissect/segtest -run '^TestWriteGenerated$$' -v -args -generate $(KIND) -megabytes $(MB) -seed $(SEED) -to $(abspath $(TO)) | grep bytes

lint:
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	$(GO) vet -pgo=off ./...

clean:
	rm -rf .build
