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
wanted=${FAULTS:-0}
jobs=${JOBS:-1}
seed=${SEED:-$(date +%s)}
for number in "FAULTS=$wanted" "JOBS=$jobs" "SEED=$seed"; do
    case ${number#*=} in '' | *[!0-9]*) echo "faults.sh: $number: expected a whole number" >&2; exit 2 ;; esac
done
[ -x "$program" ] || { echo "faults.sh: $program: missing, expected it built (make build)" >&2; exit 2; }

made=''
if [ -z "${FAULTS_DIR:-}" ]; then
    FAULTS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/orw-faults.XXXXXX") || exit 2
    made=$FAULTS_DIR
fi
mkdir -p "$FAULTS_DIR" || exit 2
FAULTS_DIR=$(cd "$FAULTS_DIR" && pwd)
fail() {
    echo "faults.sh: $1; see $FAULTS_DIR" >&2
    exit 1
}
${CC:-cc} -shared -fPIC -O1 -D_GNU_SOURCE -o "$FAULTS_DIR/fault.so" tests/fault.c -ldl || exit 2

# As small as a run can be that still saves everything that there is to save.
settings=()
for setting in pretrain.updates=4 pretrain.batch=16 classifier_a.updates=4 classifier_b.updates=4 classifier_a.batch=16 \
    classifier_b.batch=16 classifier_a.channels=8 classifier_b.channels=8 classifier_a.depth=1 classifier_b.depth=1 finetune.rounds=2 \
    finetune.batch=16 evaluate.every=2 evaluate.count=16 checkpoint.updates=2 checkpoint.rounds=1 samples.every=2 policies.every=2 \
    sweep.orw=0.3 sweep.offline=; do
    settings+=(--set "$setting")
done
# start OUT [VARIABLE=VALUE...]: a run, with these in its environment; what it says goes to OUT.log.
start() {
    local out=$1
    shift
    env "$@" "$program" experiments/target_image/smoke.conf "${settings[@]}" --out "$out" > "$out.log" 2>&1
}
preload=LD_PRELOAD=$FAULTS_DIR/fault.so

start "$FAULTS_DIR/whole" "$preload" ORW_FAULT_LOG="$FAULTS_DIR/operations" ||
    fail "the run that is to be compared with failed: $(tail -n 1 "$FAULTS_DIR/whole.log")"
total=$(wc -l < "$FAULTS_DIR/operations")
[ "$total" -gt 0 ] || fail "no operation was seen"
if [ "$wanted" -eq 0 ] || [ "$wanted" -gt "$total" ]; then wanted=$total; fi
echo "seed $seed; $total operations, of which $wanted fail, each in a run of its own"

# attempt N OUT: one run in which operation N fails, and what follows; prints a line, or the reason why it is not as it should be.
attempt() {
    local n=$1 out=$2 status=0 what different
    rm -rf "$out"
    what="operation $n, $(sed -n "${n}s,$FAULTS_DIR/whole/,,p" "$FAULTS_DIR/operations")"
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
    different=$(scripts/same-results.sh "$FAULTS_DIR/whole" "$out" | paste -sd ' ') || true
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
        attempt "${chosen[i]}" "$FAULTS_DIR/now$1" || return 1
    done
}
workers=()
for ((w = 0; w < jobs; w++)); do
    worker $w > >(tee -a "$FAULTS_DIR/report") &
    workers+=($!)
done
good=yes
for pid in "${workers[@]}"; do wait "$pid" || good=no; done
[ $good = yes ] || fail "$(grep -v 'no harm$\|then went on$' "$FAULTS_DIR/report" | paste -sd ';')"
errors=$(grep -c 'then went on$' "$FAULTS_DIR/report")
echo "$wanted operations failed: $errors were errors and the run went on afterwards, $((wanted - errors)) did no harm; all results the same"
[ -z "$made" ] || rm -rf "$made"
