#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# make soak: a large configuration, a fault at every allocation, long schedules against
# the model of SAM, then hours of I/O while the configuration changes under it, one bed
# after the other. SOAK_MINUTES is the time of these in all.

set -u

tests=$(cd "$(dirname "$0")" && pwd) || exit 1
minutes=${SOAK_MINUTES:-60}
beds='uml uml-smp-lockdep uml-smp vm'

"$tests/run_vm.sh" --bed uml-smp --timeout 600 -- \
	env SCST_SCALE='1024 64 256' bats --tap "$tests/17-graph-scale.bats" || exit 1
"$tests/run_vm.sh" --bed uml --timeout 900 -- bats --tap "$tests"/faults/*.bats || exit 1
for bed in uml uml-smp; do
	"$tests/run_vm.sh" --bed "$bed" --timeout 3600 -- \
		env SCST_MODEL_STEPS=50000 bats --tap "$tests/28-model.bats" || exit 1
done
for bed in $beds; do
	seconds=$((minutes * 60 / 4))
	echo "$bed: $seconds s"
	"$tests/run_vm.sh" --bed "$bed" --scratch 2048 --timeout $((seconds + 600)) -- \
		env SCST_CHURN_SECONDS="$seconds" bats --tap "$tests/40-churn.bats" || exit 1
done
