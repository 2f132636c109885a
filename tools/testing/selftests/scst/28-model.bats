#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Random schedules of several initiator ports against a model of SAM: model/run.pl.
# $SCST_MODEL_STEPS is the number of steps. $SCST_MODEL_SEED is the seed of the schedule of four
# nexuses, and make soak draws another one each time.

load lib/scst

model=$BATS_TEST_DIRNAME/model
seed=${SCST_MODEL_SEED:-3}
steps=1500
[ "$SCST_BED" != vm ] || steps=150
steps=${SCST_MODEL_STEPS:-$steps}

# agrees ARGUMENTS...: target and model agree; prints a schedule if they differ.
agrees() {
	modprobe scst_probe && bounded $((120 + steps / 50)) perl "$model/run.pl" "$@"
}

@test "schedules that once failed agree with the model" {
	for schedule in "$model"/schedules/*; do
		agrees --replay "$schedule" || fail "$schedule" || return
	done
}

@test "fixed schedules of two and three nexuses agree with the model" {
	agrees --seed 1 --nexuses 2 --steps "$steps"
	agrees --seed 2 --nexuses 3 --steps "$steps"
}

@test "a schedule of four nexuses agrees with the model" {
	echo "# SCST_MODEL_SEED=$seed" >&3
	agrees --seed "$seed" --nexuses 4 --steps "$steps" --shrink
}
