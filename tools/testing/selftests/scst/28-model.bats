#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Random schedules of several initiator ports against a model of SAM: model/run.pl.
# $SCST_MODEL_STEPS says how many steps, $SCST_MODEL_SEED where the schedule of four begins.

load lib/scst

model=$BATS_TEST_DIRNAME/model
seed=${SCST_MODEL_SEED:-3}
steps=1500
[ "$SCST_BED" != vm ] || steps=150
steps=${SCST_MODEL_STEPS:-$steps}

# agrees ARGUMENTS...: what target and model did; prints a schedule if they differ.
agrees() {
	modprobe scst_probe && bounded $((120 + steps / 50)) perl "$model/run.pl" "$@"
}

@test "what was once done wrong is done as the model says" {
	for schedule in "$model"/schedules/*; do
		agrees --replay "$schedule" || fail "$schedule" || return
	done
}

@test "schedules that are always the same" {
	agrees --seed 1 --nexuses 2 --steps "$steps"
	agrees --seed 2 --nexuses 3 --steps "$steps"
}

@test "a schedule of four, which make soak never repeats" {
	echo "# SCST_MODEL_SEED=$seed" >&3
	agrees --seed "$seed" --nexuses 4 --steps "$steps" --shrink
}
