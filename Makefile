# gesync - what one can ask for:
#
#   make                    programs in build/bin/
#   make check              builds and runs the unit tests (no server needed)
#   make tests              builds all tests; scripts/test runs them
#   make fuzz               fuzz targets in build/fuzz/, by clang; scripts/fuzz runs them
#   make install DESTDIR= PREFIX=/usr/local, make uninstall
#   make clean
#
# Variants stand beside the normal build:
#   make SAN=address,undefined   in build/san/
#   make CC=clang WERROR=1

VERSION := 0.1.0
PREFIX  ?= /usr/local
BUILD   ?= build$(if $(SAN),/san)$(if $(filter clang%,$(CC)),/clang)

PKGS    := libuv hiredis libpq libcurl jansson libssl libcrypto libmicrohttpd libsystemd
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wconversion $(if $(WERROR),-Werror)
HARDEN  := -fPIE -fstack-protector-strong -fstack-clash-protection $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
SANFLAG := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CFLAGS  = -std=c11 -D_GNU_SOURCE -DGESYNC_VERSION='"$(VERSION)"' -DGESYNC_PREFIX='"$(PREFIX)"' \
	-Iinclude -I. -I$(BUILD)/gen $(WARN) $(HARDEN) $(SANFLAG) $(shell pkg-config --cflags $(PKGS)) $(CFLAGS) -MMD -MP
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAG) $(LDFLAGS)
LIBS        = $(shell pkg-config --libs $(PKGS)) -lm

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

# What workers make for themselves (schema gesync) is embedded too.
QUERIES   := $(sort $(wildcard db/query/*.sql)) $(sort $(wildcard db/migrations/gesync/*.sql))
PROGRAMS  := gesync-worker gesync-scheduler gesyncctl
CORE      := $(call obj,$(sort $(wildcard core/*.c)))
# Without its main(): tests drive its parts with a clock of their own.
SCHEDULER := $(call obj,$(filter-out %/main.c,$(sort $(wildcard scheduler/*.c))))
STRUCTURE := $(call obj,$(sort $(wildcard structure/*.c)))
IO        := $(call obj,$(sort $(wildcard io/*.c))) $(BUILD)/gen/queries.o $(BUILD)/gen/scripts.o
# A program for tests is tests/support/NAME_*.c with a NAME_main.c; the rest serves all tests.
GE_SIM    := $(call obj,$(sort $(wildcard tests/support/ge_sim_*.c)))
RELAY     := $(call obj,tests/support/relay_main.c)
SUPPORT   := $(filter-out $(GE_SIM) $(RELAY),$(call obj,$(sort $(wildcard tests/support/*.c))))
TOOLS     := $(BUILD)/tests/ge_sim $(BUILD)/tests/relay
UNIT      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
IO_TESTS  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/io/*_test.c tests/system/*_test.c tests/fault/*_test.c tests/soak/*_test.c))

FUZZ      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*_fuzz.c))

.PHONY: all check tests tools fuzz fuzz-targets install uninstall clean
.SECONDARY:
all: $(PROGRAMS:%=$(BUILD)/bin/%)
tests: all tools $(UNIT) $(IO_TESTS)
tools: $(TOOLS)

check: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

# Programs: their own folder, structure/, io/ and core/.
$(BUILD)/bin/gesync-worker:    $(call obj,$(wildcard worker/*.c))
$(BUILD)/bin/gesync-scheduler: $(call obj,$(wildcard scheduler/*.c))
$(BUILD)/bin/gesyncctl:        $(call obj,$(wildcard ctl/*.c))
$(BUILD)/bin/%: $(BUILD)/libstructure.a $(BUILD)/libio.a $(BUILD)/libcore.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

# The linker keeps core/ pure: its tests get jansson and cmocka, nothing else.
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(BUILD)/libcore.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -ljansson -lcmocka -lm

# libFuzzer is clang's: core/ once more, with its counters and the sanitizers.
fuzz:
	@$(MAKE) fuzz-targets BUILD=build/fuzz CC=$(if $(filter clang%,$(CC)),$(CC),clang) SAN=fuzzer-no-link,address,undefined
fuzz-targets: $(FUZZ)
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(BUILD)/libcore.a
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ -ljansson -lm

$(BUILD)/tests/%_test: $(BUILD)/tests/%_test.o $(SUPPORT) $(BUILD)/libscheduler.a $(BUILD)/libstructure.a $(BUILD)/libio.a $(BUILD)/libcore.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/%_bench: $(BUILD)/tests/%_bench.o $(SUPPORT) $(BUILD)/libscheduler.a $(BUILD)/libstructure.a $(BUILD)/libio.a $(BUILD)/libcore.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/ge_sim: $(GE_SIM) $(BUILD)/libcore.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lz

$(BUILD)/tests/relay: $(RELAY)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/libcore.a: $(CORE)
$(BUILD)/libscheduler.a: $(SCHEDULER)
$(BUILD)/libstructure.a: $(STRUCTURE)
$(BUILD)/libio.a: $(IO)
$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

# Queries and scripts are files in their own language, embedded here.
LUA := $(sort $(wildcard lua/*.lua))
$(BUILD)/gen/queries.c $(BUILD)/gen/queries.h: $(BUILD)/gen/queries.%: $(QUERIES) scripts/embed
	@mkdir -p $(@D)
	scripts/embed $(if $(filter h,$*),-h) sql $(QUERIES) > $@
$(BUILD)/gen/scripts.c $(BUILD)/gen/scripts.h: $(BUILD)/gen/scripts.%: $(LUA) scripts/embed
	@mkdir -p $(@D)
	scripts/embed $(if $(filter h,$*),-h) lua $(LUA) > $@

$(BUILD)/%.o: %.c | $(BUILD)/gen/queries.h $(BUILD)/gen/scripts.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/gen/queries.h $(BUILD)/gen/scripts.h
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Manual pages are what --help says.
$(BUILD)/man/%.1: $(BUILD)/bin/% scripts/manpage
	@mkdir -p $(@D)
	scripts/manpage $< > $@.new && mv $@.new $@

# Units name the folder of the programs; completion is looked up by a program's name.
SHARE      = $(DESTDIR)$(PREFIX)/share
UNITS     := gesync-worker@.service gesync-scheduler.service
UNIT_DIR   = $(DESTDIR)$(PREFIX)/lib/systemd/system
COMPLETION = $(SHARE)/bash-completion/completions
install: all $(PROGRAMS:%=$(BUILD)/man/%.1)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/gesync/db $(SHARE)/man/man1 $(COMPLETION) $(UNIT_DIR)
	install $(PROGRAMS:%=$(BUILD)/bin/%) $(DESTDIR)$(PREFIX)/bin
	cp -r db/models db/migrations $(SHARE)/gesync/db
	install -m 644 deploy/crontab $(SHARE)/gesync
	install -m 644 $(PROGRAMS:%=$(BUILD)/man/%.1) $(SHARE)/man/man1
	$(foreach p,$(PROGRAMS),install -m 644 deploy/gesync.bash-completion $(COMPLETION)/$p;)
	$(foreach u,$(UNITS),sed 's|/usr/local|$(PREFIX)|' deploy/$u > $(UNIT_DIR)/$u;)

# What install put there; migrations and backups that were made there stay.
uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(PREFIX)/bin/%) $(PROGRAMS:%=$(SHARE)/man/man1/%.1) $(PROGRAMS:%=$(COMPLETION)/%) $(UNITS:%=$(UNIT_DIR)/%)
	rm -f $(SHARE)/gesync/crontab $(addprefix $(SHARE)/gesync/,$(shell find db/models db/migrations -type f))
	[ ! -d $(SHARE)/gesync ] || find $(SHARE)/gesync -depth -type d -empty -delete

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
