#!/usr/bin/env bash
# faults.sh - lets a run of target_image meet a disk that fails: the n-th operation on an HDF5 file gets EIO, for every n, each in a run of
# its own. A run that ends with status 0 must have the results of one that nothing happened to; one that ends otherwise must have said in
# one line which file, with status 2, and the same command must then go on to these results.
#
#   FAULTS=N   so many operations, one from each N-th part of the run (default: all, some thousands)
#   SEED=N     which ones (default: the time)     JOBS=N   at once (default 1)
#   BUILD=DIR  default build                      FAULTS_DIR=DIR   where to work (default: a new folder below $TMPDIR; removed if all went well)
#
# Prints what each failing operation led to, then sums. Status 0: all ended as they should. `make faults` calls it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

program=${BUILD:-build}/bin/target_image
. scripts/torment.sh
wanted=${FAULTS:-0}
jobs=${JOBS:-1}
seed=${SEED:-$(date +%s)}
whole_numbers "FAULTS=$wanted" "JOBS=$jobs" "SEED=$seed"
take_folder "${FAULTS_DIR:-}"
${CC:-cc} -shared -fPIC -O1 -D_GNU_SOURCE -o "$work/fault.so" tests/fault.c -ldl || exit 2

small_run pretrain.updates=4 classifier_a.updates=4 classifier_b.updates=4 finetune.rounds=2 evaluate.every=2 policies.every=2
# start OUT [VARIABLE=VALUE...]: a run, with these in its environment; what it says goes to OUT.log.
start() {
    local out=$1
    shift
    env "$@" "$program" experiments/target_image/smoke.conf "${settings[@]}" --out "$out" > "$out.log" 2>&1
}
preload=LD_PRELOAD=$work/fault.so

start "$work/whole" "$preload" ORW_FAULT_LOG="$work/operations" ||
    fail "the run that is to be compared with failed: $(tail -n 1 "$work/whole.log")"
total=$(wc -l < "$work/operations")
[ "$total" -gt 0 ] || fail "no operation was seen"
if [ "$wanted" -eq 0 ] || [ "$wanted" -gt "$total" ]; then wanted=$total; fi
echo "seed $seed; $total operations, of which $wanted fail, each in a run of its own"

# attempt N OUT: one run in which operation N fails, and what follows; prints a line, or the reason why it is not as it should be.
attempt() {
    local n=$1 out=$2 status=0 what different
    rm -rf "$out"
    what="operation $n, $(sed -n "${n}s,$work/whole/,,p" "$work/operations")"
    start "$out" "$preload" ORW_FAULT_AT="$n" || status=$?
    if [ $status -ne 0 ]; then
        if [ $status -ne 2 ] || [ "$(grep -c '^orw: error: ' "$out.log")" -ne 1 ] ||
            ! grep -q "^orw: error: .*$out/" "$out.log"; then
            echo "$what: ended with status $status: $(tail -n 2 "$out.log" | paste -sd ' ')"
            return 1
        fi
        [ -z "$(find "$out" -name '*.partial')" ] || { echo "$what: a partial file is left"; return 1; }
        mv "$out.log" "$out.first.log"
        start "$out" || { echo "$what: afterwards: $(tail -n 1 "$out.log")"; return 1; }
    fi
    different=$(scripts/same-results.sh "$work/whole" "$out" | paste -sd ' ') || true
    [ -z "$different" ] || { echo "$what: ended with status $status, and these differ: $different"; return 1; }
    if [ $status -eq 0 ]; then echo "$what: no harm"; else echo "$what: an error, then went on"; fi
}

# One from each part; all of them where there are as many parts as operations.
RANDOM=$((seed % 32768))
chosen=()
for ((i = 0; i < wanted; i++)); do
    first=$((total * i / wanted + 1)) last=$((total * (i + 1) / wanted))
    chosen+=($((first + RANDOM % (last - first + 1))))
done
worker() {
    local i
    for ((i = $1; i < wanted; i += jobs)); do
        attempt "${chosen[i]}" "$work/now$1" || return 1
    done
}
workers=()
for ((w = 0; w < jobs; w++)); do
    worker $w > >(tee -a "$work/report") &
    workers+=($!)
done
good=yes
for pid in "${workers[@]}"; do wait "$pid" || good=no; done
[ $good = yes ] || fail "$(grep -v 'no harm$\|then went on$' "$work/report" | paste -sd ';')"
errors=$(grep -c 'then went on$' "$work/report")
echo "$wanted operations failed: $errors were errors and the run went on afterwards, $((wanted - errors)) did no harm; all results the same"
finished
