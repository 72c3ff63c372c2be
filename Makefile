# `make` alone lists what there is to make.
.DEFAULT_GOAL := help
.PHONY: help run install package test-package test soak fuzz schemathesis statement limits bench format lint clean

PORT ?= 1026
PREFIX ?= /usr/local
# Where Debian's package of the map library is.
LEAFLET ?= /usr/share/javascript/leaflet
# What `make install` builds needs no Swift where it runs.
RELEASE = --configuration release --static-swift-stdlib
# Tests that compare times or keep the processors busy for minutes, one after the other.
ALONE = HostileNeighbourTests|HostileParameterTests|HiddenTimingTests|MatrixTests
# Tests of programs and of pages, apart from others: with too many at once each waits for the processors.
PROGRAMS = ^HubTests\.
PAGES = ^GatewayTests\.
# Tests of connections that are to be made in time.
CONNECTIONS = ^OutboundTests\.
# Tests that wait for commands and copies on their threads, and would keep other tests from running.
COMMANDS = ^balaiTests\.|BackupTests
# How many tests run at once: with more than processors, tests that compute keep others from their time limits.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= $(shell nproc)
# How many times longer `make soak` runs what `make test` runs briefly.
SOAK ?= 10
SWIFT_FORMAT = swift format --configuration .swift-format --recursive --parallel
OUR_CODE = Sources Tests Benchmarks Plugins

help: ## List what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: ## Install what is missing, build, and run the demo city on http://127.0.0.1:1026
	@.ci/set-up run
	swift build --configuration release --product balai
	@exec "$$(swift build --configuration release --show-bin-path)/balai" demo --port $(PORT)

install: ## Build for other machines and install into PREFIX (/usr/local)
	@.ci/set-up run
	swift build $(RELEASE) --product balai
	install -D --mode 755 "$$(swift build $(RELEASE) --show-bin-path)/balai" \
		"$(DESTDIR)$(PREFIX)/bin/balai"
	install -D --mode 644 --target-directory "$(DESTDIR)$(PREFIX)/share/balai/leaflet" \
		$(addprefix $(LEAFLET)/,leaflet.min.js leaflet.css)

package: ## Make a Debian package in .build, which needs no Swift where it is installed
	@.ci/set-up run
	swift build $(RELEASE) --product balai
	@Packaging/build "$$(swift build $(RELEASE) --show-bin-path)/balai" "$(LEAFLET)" .build

test-package: package ## Try that package in a clean system: install, serve, upgrade, remove
	@Packaging/test "$$(ls -t .build/balai_*.deb | head -n 1)"

test: ## Install what is missing and run every test
	@.ci/set-up test
	@.ci/python-packages clients devices gateway publishers record-verifier hub-peers statistics-peers \
		reading-programs taxii-clients
	swift build --build-tests
	swift test --skip-build --parallel --skip '$(PROGRAMS)|$(PAGES)|$(CONNECTIONS)|$(COMMANDS)'
	swift test --skip-build --parallel --filter '$(PROGRAMS)' --skip '$(ALONE)|$(COMMANDS)'
	swift test --skip-build --parallel --filter '$(PAGES)' --skip '$(ALONE)'
	swift test --skip-build --no-parallel --filter '$(ALONE)'
	swift test --skip-build --parallel --filter '$(CONNECTIONS)'
	swift test --skip-build --parallel --filter '$(COMMANDS)'

soak: ## Run the tests of chance many times longer, from a seed that is printed
	@.ci/set-up test
	swift build --build-tests
	BALAI_TEST_SOAK=$(SOAK) BALAI_CRASH_ROUNDS=$$(($(SOAK) * 30)) \
		swift test --skip-build --filter 'HubTests|CrashTests|FuzzTests|PairedWorldTests'

fuzz: ## Feed each parser with libFuzzer, FUZZ_SECONDS (60) each
	@.ci/set-up run
	@.ci/fuzz

schemathesis: ## Ask a hub all that its /openapi.json describes; needs Python
	@.ci/set-up run
	swift build --product balai
	@.ci/schemathesis

statement: ## Write docs/conformance-statement.md from the marks of the tests
	BALAI_WRITE_STATEMENT=1 swift test --filter ConformanceStatementTests

limits: ## Write the numbers of docs/limits.md and docs/configuration.md from the code
	BALAI_WRITE_LIMITS=1 swift test --filter 'LimitsPageTests|HubConfigurationTests'

bench: ## Measure real hubs against a bare server; writes Benchmarks/RESULTS.md
	@.ci/set-up run
	swift build --configuration release
	"$$(swift build --configuration release --show-bin-path)/Load"

format: ## Format our code
	$(SWIFT_FORMAT) --in-place $(OUR_CODE)

lint: ## Complain about code that is not formatted
	swift format lint --strict --configuration .swift-format --recursive --parallel $(OUR_CODE)

clean: ## Remove what was built
	swift package clean
