#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make soak: the patch series built, the modules for other architectures, every test in every
# bed, also with the sample target driver, the suite's core on a big-endian machine, a large
# configuration, thousands of sessions at a dead backend, a thousand iSCSI sessions, a million
# steps of COMPARE AND WRITE, a fault at every allocation, every planted fault, a power failure
# after every write, long schedules against the model of SAM, ten minutes of hostile iSCSI
# initiators with every checker and ten on several CPUs, then hours of I/O while the configuration
# changes under it, while it is reset and aborted, and while tasks of all kinds come and go, one
# bed after the other. SOAK_MINUTES is the time of these in all. SCST_SEED is the seed of schedules
# and hostile initiators: by default a new one each time.

set -u

tests=$(cd "$(dirname "$0")" && pwd) || exit 1
minutes=${SOAK_MINUTES:-60}
beds='uml uml-smp-lockdep uml-smp vm'

"$tests/series.sh" check || exit 1
bats --tap "$tests"/meta/soak/*.bats || exit 1
"$tests/static.sh" 6.1 i386 arm64 || exit 1
SCST_WHOLE=1 "$tests/check.sh" uml-smp uml-sample uml-smp-sample vm-6.1 vm-6.12 || exit 1
"$tests/check.sh" vm-7.3 s390x unit-s390x || exit 1
"$tests/run_vm.sh" --bed uml-smp --timeout 600 -- \
	env SCST_SCALE='1024 64 256' bats --tap "$tests/17-graph-scale.bats" || exit 1
"$tests/run_vm.sh" --bed uml-smp --mem 6144 --timeout 600 -- \
	env SCST_LOGIN_SCALE='4000 16' bats --tap "$tests/87-login-scale.bats" || exit 1
"$tests/run_vm.sh" --bed uml-smp --timeout 900 -- \
	env SCST_WAITERS='4000 1000' bats --tap "$tests/81-bounded-waits.bats" || exit 1
"$tests/run_vm.sh" --bed uml-smp --timeout 900 -- \
	env SCST_SESSIONS=1000 SCST_LOGINS=1000 SCST_NAMESPACES=50 \
	bats --tap "$tests/77-iscsi-many.bats" || exit 1
"$tests/run_vm.sh" --bed uml-smp --timeout 7200 -- \
	env SCST_CAW_COUNT=125000 bats --tap -f 'eight initiators' \
	"$tests/29-compare-and-write.bats" || exit 1
"$tests/run_vm.sh" --bed uml --timeout 900 -- bats --tap "$tests"/faults/*.bats || exit 1
"$tests/planted.sh" || exit 1
"$tests/run_vm.sh" --bed uml-smp --timeout 900 -- \
	env SCST_DAMAGE_STEP=1 bats --tap "$tests"/2[34]-aptpl*.bats || exit 1
for bed in uml uml-smp; do
	"$tests/run_vm.sh" --bed "$bed" --timeout 3600 -- \
		env SCST_MODEL_STEPS=100000 "SCST_MODEL_SEED=${SCST_SEED:-$(date +%s)}" \
		bats --tap "$tests/28-model.bats" || exit 1
	"$tests/run_vm.sh" --bed "$bed" --timeout 1500 -- \
		env SCST_FUZZ_SECONDS=600 "SCST_SEED=${SCST_SEED:-$(date +%s)}" \
		bats --tap "$tests/73-iscsi-fuzz.bats" || exit 1
done
for bed in $beds; do
	seconds=$((minutes * 60 / 12))
	echo "$bed: three runs of $seconds s each"
	"$tests/run_vm.sh" --bed "$bed" --scratch 2048 --timeout $((3 * seconds + 600)) -- \
		env SCST_CHURN_SECONDS="$seconds" SCST_LOAD_SECONDS="$seconds" \
		bats --tap "$tests"/4[0-2]-*.bats || exit 1
done
