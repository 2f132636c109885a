# SPDX-License-Identifier: GPL-2.0
# Builds the modules, installs them, proves them. `make help` lists the targets.

KVER ?= $(notdir $(patsubst %/build,%,$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -n 1)))
KDIR ?= $(if $(KVER),/lib/modules/$(KVER)/build)

tests := tools/testing/selftests/scst

# --- modules

# Objects go to a directory for each kernel release, so that builds for several
# kernels do not disturb each other. It is a tree of links to the sources: kernels
# before 6.13 have no MO= for that.
release := $(if $(KDIR),$(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null))
objects := build/$(release)/src
sources := Kbuild drivers include samples $(tests)/modules

kernel_has = $(shell grep -qs '^CONFIG_$(1)=[ym]' $(KDIR)/include/config/auto.conf && echo y)
arch := $(if $(call kernel_has,UML),ARCH=um)

options := SCST SCST_VDISK SCST_PASS SCST_USER SCST_LOCAL ISCSI_SCST
options += $(if $(call kernel_has,KUNIT),SCST_KUNIT_TEST ISCSI_SCST_KUNIT_TEST)
options += $(if $(TEST_MODULES),SCST_TEST)
options += $(if $(SAMPLES)$(TEST_MODULES),SCST_SAMPLES)

# A kernel's own options are in its configuration, for make and for the compiler.
inject := CONFIG_SCST_INJECT=y KCFLAGS=-DCONFIG_SCST_INJECT=1

# BTF would need pahole, and a vmlinux that most headers packages do not carry.
kbuild = $(MAKE) -C $(KDIR) $(arch) M=$(CURDIR)/$(objects) $(options:%=CONFIG_%=m) \
	$(if $(TEST_MODULES),$(inject)) \
	CONFIG_DEBUG_INFO_BTF_MODULES=

.PHONY: all modules headers links install uninstall clean help
.PHONY: packages demo try check patch-series static unit soak bench docs

all: modules

modules: links
	+@$(kbuild) modules

headers:
	$(if $(release),,$(error no kernel headers$(KDIR:%= in %): install linux-headers-amd64, or set KDIR))

links: headers
	@mkdir -p $(objects)
	@cp -rsn $(sources:%=$(CURDIR)/%) $(objects)/
	@find $(objects) -xtype l -delete

# Where the modules go; INSTALL_MOD_PATH is for packagers.
installed = $(INSTALL_MOD_PATH)/lib/modules/$(release)/updates
run_depmod = depmod $(INSTALL_MOD_PATH:%=-b %) $(release)

install: modules
	install -d $(installed)/scst
	sed -n 's|.*\(drivers/.*\)\.k*o$$|$(objects)/\1.ko|p' $(objects)/modules.order | \
		grep -v _kunit.ko | xargs install -m 644 -t $(installed)/scst
	$(run_depmod)

uninstall: headers
	rm -rf $(installed)/scst
	$(run_depmod)

clean:
	rm -rf build

# --- proof

packages:
	@$(tests)/setup.sh packages

demo: packages
	@$(tests)/demo.sh

# F may have blanks and quotes.
try: packages
	@$(tests)/try.sh $(BED:%=--bed %) $(if $(F),--filter '$(subst ','\'',$(F))') $(T)

check: packages
	@$(tests)/check.sh

static: packages
	@$(tests)/static.sh

unit: packages
	@$(tests)/unit.sh

soak: packages
	@$(tests)/soak.sh

patch-series: packages
	@$(tests)/series.sh patches

bench: packages
	@$(tests)/bench/bench.sh $(PARTS)

docs: packages
	sphinx-build -q -W -b html Documentation build/docs

help:
	@echo 'make [modules]  build the modules for KVER or KDIR; now: $(or $(KDIR),no headers found)'
	@echo '                SAMPLES=y: those of samples/ as well'
	@echo 'make install    install them and run depmod'
	@echo 'make uninstall  remove what install put there'
	@echo 'make clean      remove everything that was built'
	@echo 'make demo       a file becomes a SCSI disk, in a virtual machine'
	@echo 'make try        build what changed, run one test file in a bed: T=30-nullio or T=30;'
	@echo '                F=PATTERN: only such tests; BED=uml-smp: another bed than uml'
	@echo 'make check      prove everything: static checks, KUnit, the suite in every bed'
	@echo 'make static     compiler warnings, sparse (also for s390x), checkpatch, shellcheck,'
	@echo '                documentation'
	@echo 'make unit       the KUnit tests'
	@echo 'make soak       every test in every bed, other architectures, a big-endian machine,'
	@echo '                I/O and configuration changes for SOAK_MINUTES (60)'
	@echo 'make patch-series  the sources as patches for a kernel, in build/series/patches'
	@echo 'make bench      measure ours and LIO in the same boot; PARTS="local iscsi", PROFILE=1'
	@echo 'make docs       the documentation as HTML, in build/docs'
	@echo 'make packages   install the Debian packages that all of this needs'
