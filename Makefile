# A short front for Meson: `make help` lists what there is. Folders: build/ (normal), build-NAME/ (the others).

BUILD  ?= build
PREFIX ?= /usr/local
WERROR ?= # --werror: warnings are errors, as in .ci/run
MESON_SETUP = meson setup $(WERROR) --prefix=$(PREFIX)

.PHONY: all build deps demo attack mutate check check-all bench lint format install fuzz clean help

all: build

help:
	@echo 'make            builds $(BUILD)/assay'
	@echo 'make demo       measures the built-in model and an endpoint, verifies, reports; leaves demo-out/'
	@echo 'make attack     carries out the attack corpus and prints its matrix'
	@echo 'make check      all tests but the long ones; ends in "N passed, N failed"'
	@echo 'make check-all  check, long tests, sanitizers, failed allocations and writes, corpora'
	@echo 'make bench      what assay reaches, beside its peers'
	@echo 'make lint       layout, static analysis, sizes; `make format` writes the layout'
	@echo 'make fuzz       builds the libFuzzer targets and runs each for FUZZ_SECONDS (60)'
	@echo 'make mutate     changes the verifier MUTANTS (600) times, drawn by SEED (of the commit), and counts what no test notices'
	@echo 'make install    to PREFIX ($(PREFIX)) under DESTDIR'

deps:
	@tools/deps.sh check

$(BUILD)/build.ninja: | deps
	@$(MESON_SETUP) $(BUILD) >$(BUILD).log 2>&1 || { tail -n 20 $(BUILD).log; rm -rf $(BUILD) $(BUILD).log; exit 1; }
	@mv $(BUILD).log $(BUILD)/setup.log

build: deps $(BUILD)/build.ninja
	@ninja -C $(BUILD)

demo: build
	@tools/demo.sh $(BUILD)/assay demo-out

attack: build
	@tools/attack.sh $(BUILD)

mutate:
	@tools/deps.sh check
	@tools/mutate.py --count $(or $(MUTANTS),600) $(if $(SEED),--seed $(SEED))

check: build
	@tools/check.sh $(BUILD)

check-all: build
	@tools/deps.sh check fuzz lint
	@tools/check_all.sh $(BUILD)

bench: build
	@meson test -C $(BUILD) --no-rebuild --benchmark --verbose

lint:
	@tools/deps.sh check lint
	@tools/lint.sh $(BUILD)

format:
	@tools/deps.sh lint
	@git ls-files '*.c' '*.h' | xargs clang-format -i

fuzz:
	@tools/deps.sh check fuzz
	@tools/fuzz.sh $(or $(FUZZ_SECONDS),60)

install: build
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@ninja -C $(BUILD) >/dev/null
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf build build-* demo-out
