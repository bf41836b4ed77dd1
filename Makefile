# orw - build, test, measure. `make` alone lists the targets.
#   BUILD=DIR      where everything built goes (default build)
#   CFLAGS_EXTRA   appended to the compiler flags (CI passes -Werror)
#   SANITIZE=1     address and undefined-behaviour sanitizers
#   FUZZER=1       the same and libFuzzer, of clang: what `make fuzz` builds

BUILD    ?= build
CC       := mpicc
PKG      ?= pkg-config
MODULES  := gsl libpng libjpeg jansson openssl zlib libxxhash
HDF5      = $(shell PKG='$(PKG)' CC='$(CC)' scripts/hdf5.sh $(1))
BLAS     := $(shell $(PKG) --exists openblas 2>/dev/null && echo openblas || echo blas)
CPPFLAGS := -Iinclude -I$(BUILD)/include -D_GNU_SOURCE $(shell $(PKG) --cflags $(MODULES) $(BLAS) 2>/dev/null) $(call HDF5,--cflags)
CFLAGS   := -std=gnu11 -O2 -g -fno-math-errno -fno-trapping-math -ffp-contract=off \
            -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla $(CFLAGS_EXTRA)
# GSL's own reference BLAS must not shadow the fast one.
LDLIBS   := $(filter-out -lgslcblas,$(shell $(PKG) --libs $(MODULES) $(BLAS) 2>/dev/null)) $(call HDF5,--libs) -linih -lmvec -lm
KERNEL_OPTIMISE := -O3
ifneq ($(SANITIZE)$(FUZZER),)
CFLAGS   += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=address,undefined
# Loops unrolled as far as these, with every operation checked, cost clang's optimiser many minutes.
KERNEL_OPTIMISE := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),-O0,-O3)
endif
ifdef FUZZER
CFLAGS   += -fsanitize=fuzzer-no-link,float-cast-overflow -fno-sanitize-recover=all -DORW_FUZZER
LDFLAGS  += -fsanitize=fuzzer
endif

ROOMS     := base parallel data tensor model store flow reward method metric fit reader loop program
KERNELS   := src/tensor/kernels.c
SOURCES   := $(filter-out $(KERNELS),$(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c src/$(room)/*/*.c)))
OBJECTS   := $(SOURCES:%.c=$(BUILD)/obj/%.o)
CLI       := $(wildcard src/cli/*.c src/cli/*/*.c)
DRIVERS   := $(patsubst experiments/%/main.c,$(BUILD)/bin/%,$(wildcard experiments/*/main.c))
TESTS     := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/test_*.c))
LIBRARY   := $(BUILD)/liborw.a

# The kernels that dominate the time are compiled once per instruction set and chosen when the program starts.
ISAS      := portable
ifeq ($(shell uname -m),x86_64)
ISAS      += avx2 avx512
endif
ISA_portable := 
ISA_avx2     := -mavx2 -mfma
ISA_avx512   := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
OBJECTS   += $(foreach isa,$(ISAS),$(BUILD)/obj/src/tensor/kernels_$(isa).o)

.PHONY: FORCE help build install install-built shared dist check bench chaos faults format fuzz fuzzers lint sanitize clean
.DELETE_ON_ERROR:
.PRECIOUS: $(BUILD)/obj/%.o # of programs that are linked by pattern rules
help:
	@echo "make build      the library, $(BUILD)/bin/orw and the experiments' drivers"
	@echo "make install    to PREFIX=/usr/local: programs, library (SHARED=no: static alone), headers, profiles, data, man pages, completion"
	@echo "make dist       a tarball of the sources that builds without git"
	@echo "make check      build and run the tests (TAP, under prove)"
	@echo "make bench      time the kernels, the models and the loop"
	@echo "make chaos      kill a run KILLS=50 times at random moments; it must end as if never killed"
	@echo "make faults     let a disk fail at FAULTS=all operations of a small run, each in turn; no result may be wrong"
	@echo "make sanitize   the tests under the address and undefined-behaviour sanitizers"
	@echo "make fuzz       each parser under libFuzzer for FUZZ_SECONDS=60 (clang; tests/fuzz/README.md)"
	@echo "make lint       cppcheck, the order of the rooms, and whether clang-format would change anything"
	@echo "make format     let clang-format lay the sources out"
	@echo "make clean      remove $(BUILD)/"
	@echo "./reproduce.sh  the figures; ./reproduce.sh --help"

build: $(BUILD)/bin/orw $(DRIVERS)

$(BUILD)/bin/orw: $(CLI:%.c=$(BUILD)/obj/%.o) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A driver is linked from all sources of its folder.
driver_objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard experiments/$(1)/*.c))
.SECONDEXPANSION:
$(DRIVERS): $(BUILD)/bin/%: $$(call driver_objects,$$*) $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define isa_rule
$(BUILD)/obj/src/tensor/kernels_$(1).o: $(KERNELS) $(BUILD)/flags
	@mkdir -p $$(@D)
	@echo "cc $(KERNELS) for $(1)"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(KERNEL_OPTIMISE) -ffp-contract=fast $(ISA_$(1)) -DORW_KERNELS=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))

# Everything is rebuilt when the flags change; the file is touched only then.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(strip $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))' | cmp -s - $@ || echo '$(strip $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))' > $@
# What goes into provenance: commit, digests of the sources.
$(BUILD)/include/orw_build.h: FORCE
	@mkdir -p $(@D)
	@scripts/describe-build.sh '$(strip $(CFLAGS))' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/obj/src/base/provenance.o: $(BUILD)/include/orw_build.h
FORCE:

check: build $(TESTS)
	@BUILD=$(BUILD) tests/run

# make bench BENCH='--filter unet' passes arguments on. The table is kept when the measurement has come to its end.
bench: build
	@{ $(BUILD)/bin/orw bench $(BENCH); echo $$? > $(BUILD)/bench.status; } | tee $(BUILD)/bench.tsv.partial
	@read status < $(BUILD)/bench.status; rm $(BUILD)/bench.status; \
	  [ "$$status" -eq 0 ] || { rm $(BUILD)/bench.tsv.partial; exit "$$status"; }
	@mv $(BUILD)/bench.tsv.partial $(BUILD)/bench.tsv && echo "kept in $(BUILD)/bench.tsv"

# make chaos KILLS=200 SEED=1
chaos: $(BUILD)/bin/target_image
	@BUILD=$(BUILD) KILLS=$(or $(KILLS),50) $(if $(SEED),SEED=$(SEED)) scripts/chaos.sh

# make faults FAULTS=100 JOBS=2 SEED=1; without FAULTS all operations, which takes hours
faults: $(BUILD)/bin/target_image
	@BUILD=$(BUILD) FAULTS=$(or $(filter-out all,$(FAULTS)),0) JOBS=$(or $(JOBS),1) $(if $(SEED),SEED=$(SEED)) scripts/faults.sh

sanitize:
	$(MAKE) BUILD=$(BUILD)/sanitize SANITIZE=1 check

# make fuzz FUZZ='png idx' FUZZ_SECONDS=600
fuzz:
	@BUILD=$(BUILD) MAKE='$(MAKE)' FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) tests/fuzz/fuzz.sh $(FUZZ)
fuzzers: $(filter $(BUILD)/tests/fuzz/%,$(TESTS))

# make install PREFIX=/opt/orw DESTDIR=/tmp/package SHARED=no. install-built compares no flags and makes nothing: what is in $(BUILD) is installed.
PREFIX  ?= /usr/local
SHARED  ?= yes
VERSION   = $(shell sed -n 's/^version: *//p' CITATION.cff)
install: build $(if $(filter yes,$(SHARED)),shared)
	@$(MAKE) --no-print-directory install-built
install-built:
	@CC='$(CC)' CFLAGS='$(filter-out -Iinclude -I$(BUILD)/include -D_GNU_SOURCE,$(CPPFLAGS))' LIBS='$(LDLIBS)' VERSION='$(VERSION)' \
	  BUILD='$(BUILD)' SHARED='$(SHARED)' scripts/install.sh '$(DESTDIR)' '$(PREFIX)' $(notdir $(DRIVERS))
# The library's objects once more, position-independent, in a folder of their own: programs are linked statically and stay as fast as they are.
shared:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/shared CFLAGS_EXTRA='$(CFLAGS_EXTRA) -fPIC' $(BUILD)/shared/liborw.so.0
$(BUILD)/liborw.so.0: $(LIBRARY)
	$(CC) -shared $(LDFLAGS) -Wl,-soname,$(@F) -Wl,-z,defs -o $@ -Wl,--whole-archive $< -Wl,--no-whole-archive $(LDLIBS)
# What git knows, as it was committed last; it builds without git.
dist:
	@mkdir -p $(BUILD)
	@name=$(BUILD)/orw-$(VERSION).tar.gz; git archive --format=tar.gz -9 --prefix=orw-$(VERSION)/ --output=$$name.partial.tar.gz HEAD && \
	  mv $$name.partial.tar.gz $$name && echo $$name

FORMATTED = $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format:
	clang-format -i $(FORMATTED)
# cppcheck does not see that the kernels' unrolled loops run; gcc's -Wmaybe-uninitialized does.
lint:
	clang-format --dry-run -Werror $(FORMATTED)
	scripts/rooms.sh
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,portability \
	  --suppress=missingIncludeSystem --suppress=unknownMacro --suppress='uninitvar:src/tensor/kernels_*.part.h' -Iinclude src experiments

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
