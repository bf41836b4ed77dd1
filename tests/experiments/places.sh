# shellcheck shell=sh
# places.sh - for tests of what is kept, moved aside and found again: tiny runs, complete or stopped. After tap.sh.

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
tiny='--set pretrain.updates=4 --set pretrain.batch=8 --set classifier_a.updates=4 --set classifier_b.updates=4 --set finetune.rounds=6
    --set finetune.batch=8 --set evaluate.count=8 --set sweep.orw=0 --set sweep.offline= --set solver.steps=2 --set checkpoint.rounds=1'
once() { # once OUT OPTION...
    place=$1
    shift
    # shellcheck disable=SC2086
    run "$program" "$config" $tiny --out "$place" "$@"
}
state() { find "$1" -type f ! -name '*.lock' ! -name .lock -exec sha256sum {} + | sort; }
digest() { sha256sum < "$1" | cut -c 1-16; }
moved() { find "$1" -name '*.replaced-*' | sort | sed "s,$1/target_image/,," | paste -sd ' ' -; }
# stop OUT OPTION...: a run that a signal stops once it has a checkpoint.
stop() {
    place=$1
    shift
    # shellcheck disable=SC2086
    "$program" "$config" $tiny --set finetune.updates_per_round=15 --out "$place" "$@" > stopped.log 2>&1 &
    pid=$!
    while [ ! -e "$place/$one/checkpoint.h5" ] && kill -0 $pid 2> /dev/null; do sleep 0.01; done
    kill -USR1 $pid
    wait $pid
    is $? 75 "a run is stopped"
}
# The rebuilt program below has no data beside it.
ORW_DATA=$ORW_ROOT/data
export ORW_DATA
one=target_image/runs/orw-alpha0-seed1
