# Kvant. `make` alone prints what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

MODEL ?= models/demo
PORT ?= 8080
ARGS ?=
BACKEND ?= cpu
FROM ?= npm

JAVA_HOME := $(shell bin/find-jdk 2>/dev/null)
export JAVA_HOME
MVN := mvn -B -ntp -q
SOURCES := $(shell find bindings quantizer engine server monitoring cli benchmarks -path '*/target' -prune -o \( -name pom.xml -o -path '*/src/*' -type f \) -print 2>/dev/null)

.PHONY: help run test build native bindings bench bench-peer bench-quantize pictures dist aot format clean jdk maven tools

help:
	@echo "make run        convert, quantize and serve the demo model on http://127.0.0.1:$(PORT)"
	@echo "                MODEL=<GGUF file or checkpoint folder> TYPE=<Q4_K_M, Q8_0, ...> PORT=<port> ARGS='<options of kvant serve>'"
	@echo "make test       everything: gates and tests of all modules (under 20 minutes on two cores)"
	@echo "make build      compile and collect the jars, so that bin/kvant works"
	@echo "make native     fetch the pinned llama.cpp libraries; BACKEND=cpu|cuda|cuda-ext|vulkan"
	@echo "                FROM=source builds them with cmake (BACKEND=cpu|cuda|metal|vulkan, OPENMP=ON|OFF); KVANT_NATIVE_DIR=<folder> uses that folder"
	@echo "make bindings   regenerate the Java bindings (needs jextract on the PATH)"
	@echo "make bench      microbenchmarks (JMH); bench-peer and bench-quantize compare with llama.cpp's programs"
	@echo "make pictures   draw the pictures of docs/lab/quality.md and docs/lab/speed.md again; MODEL=<GGUF file> takes the types from it"
	@echo "make aot        let bin/kvant serve start in a second: a trained start, kept until the next build"
	@echo "make dist       one archive that runs elsewhere with JDK 25: bin/kvant, jars, native libraries"
	@echo "make format     format all Java sources"
	@echo "make clean      remove everything that was built (fetched libraries stay)"

jdk:
	@bin/find-jdk >/dev/null

maven: jdk
	@command -v mvn >/dev/null 2>&1 || { echo "kvant: Maven is missing: install it (Debian: apt-get install maven)" >&2; exit 1; }

native:
ifdef KVANT_NATIVE_DIR
	@test -d "$(KVANT_NATIVE_DIR)" || { echo "kvant: KVANT_NATIVE_DIR names no folder: $(KVANT_NATIVE_DIR)" >&2; exit 1; }
else ifeq ($(FROM),source)
	@native/build.sh $(BACKEND)
else ifeq ($(FROM),npm)
	@native/fetch.sh $(BACKEND)
else
	@echo "kvant: FROM=$(FROM) is neither npm nor source" >&2; exit 1
endif

# What bin/kvant needs is there, at the least; a library that was chosen before stays chosen.
native/lib/current:
	@$(MAKE) --no-print-directory native

build: jdk build/lib/.stamp

build/lib/.stamp: $(SOURCES) pom.xml
	@$(MAKE) --no-print-directory maven
	@echo "kvant: building" >&2
	@rm -rf build/lib
	@$(MVN) package -DskipTests -Dspotless.check.skip=true -pl cli -am
	@bin/make-archive || echo "kvant: no class archive could be made; quantize starts a little later without it" >&2
	@touch $@

run: jdk build $(if $(KVANT_NATIVE_DIR),,native/lib/current)
	@MODEL="$(MODEL)" TYPE="$(TYPE)" PORT="$(PORT)" bin/serve-model $(ARGS)

# Everything the tests need is fetched here, and nothing later.
tools: $(if $(KVANT_NATIVE_DIR),,native/lib/current)
	@native/source.sh
	@monitoring/fetch-prometheus.sh build/tools
	@monitoring/fetch-chromium.sh build/tools

test: maven tools
	mvn -B -ntp verify

bindings: jdk
	@native/source.sh
	@bindings/jextract/generate.sh native/lib/headers

bench: maven native/lib/current
	@$(MVN) package -DskipTests -Dspotless.check.skip=true -pl benchmarks -am
	@$(JAVA_HOME)/bin/java --enable-native-access=ALL-UNNAMED --add-modules jdk.incubator.vector -Dkvant.native.dir=native/lib/current -jar benchmarks/target/benchmarks.jar $(ARGS)

bench-peer: build native/lib/current
	@test -n "$(LLAMA_SERVER)" && test -n "$(LLAMA_BENCH)" && test -f "$(MODEL)" || { echo "kvant: bench-peer needs LLAMA_SERVER=<program> LLAMA_BENCH=<program> MODEL=<GGUF file>" >&2; exit 1; }
	@$(MVN) package -DskipTests -Dspotless.check.skip=true -pl benchmarks -am
	@$(JAVA_HOME)/bin/java -cp benchmarks/target/benchmarks.jar org.kvant.benchmarks.peer.PeerBench bin/kvant "$(LLAMA_SERVER)" "$(LLAMA_BENCH)" "$(MODEL)" $(or $(THREADS),2) $(or $(ROUNDS),5) $(or $(STARTS),9) $(or $(SECONDS),60) $(or $(CASES),all) $(TABLE)

bench-quantize: build native/lib/current
	@benchmarks/quantize.sh

# The pictures of docs/lab/quality.md and docs/lab/speed.md, from the figures beside them; MODEL=<GGUF file>: the types from that file.
pictures: maven
	@$(MVN) package -DskipTests -Dspotless.check.skip=true -pl benchmarks -am
	@$(JAVA_HOME)/bin/java -cp benchmarks/target/benchmarks.jar org.kvant.benchmarks.quality.QualityPictures docs/lab/quality $(if $(wildcard $(MODEL)/*),,$(MODEL))
	@$(JAVA_HOME)/bin/java -cp benchmarks/target/benchmarks.jar org.kvant.benchmarks.peer.PeerPicture docs/lab/speed/peers.csv

# What `make dist` does for its archive, for this tree: a sooner start of `bin/kvant serve` until the next build.
aot: build native/lib/current
	@bin/make-aot .

dist: build native/lib/current
	@bin/make-dist build/dist

format: maven
	@$(MVN) spotless:apply

clean:
	@rm -rf build */target
