#!/usr/bin/env bash
# chaos.sh - kills a run of target_image at random moments, lets it go on on a random number of ranks until it is done, and compares it
# with a run that was never killed. Again from nothing, until there were so many kills.
#
#   KILLS=N    kills (default 50)        SEED=N   of what, when and on how many ranks (default: the time)
#   BUILD=DIR  default build             CHAOS=DIR   where to work (default: a new folder below $TMPDIR; removed if all went well)
#
# A kill is SIGKILL, to one rank or to all processes of the job, after a random time or as soon as a file is seen being written. Prints
# each kill and where it struck, then sums. Status 0: every run ended with the same results. `make chaos` calls it.
set -uo pipefail
export LC_ALL=C # decimal points, one order of names
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

kills=${KILLS:-50}
seed=${SEED:-$(date +%s)}
program=${BUILD:-build}/bin/target_image
name=target_image
. scripts/torment.sh
whole_numbers "KILLS=$kills" "SEED=$seed"
RANDOM=$((seed % 32768))
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

take_folder "${CHAOS:-}"
small_run pretrain.updates=24 classifier_a.updates=16 classifier_b.updates=16 finetune.rounds=8 evaluate.every=4 policies.every=4

command -v mpirun > /dev/null || refuse "mpirun: not found"
launcher=(mpirun)
if mpirun --version 2>&1 | grep -q 'Open MPI'; then launcher+=(--oversubscribe --bind-to none); fi

# start RANKS: the program on so many ranks, in the background; $job is what was started.
start() {
    : > "$work/stamp"
    if [ "$1" = 1 ]; then
        "$program" experiments/$name/smoke.conf "${settings[@]}" --out "$work/now" > "$work/log" 2>&1 &
    else
        "${launcher[@]}" -n "$1" "$program" experiments/$name/smoke.conf "${settings[@]}" --out "$work/now" > "$work/log" 2>&1 &
    fi
    job=$!
}

# Pids of the ranks: the job itself, or the launcher's children.
ranks_of() { if [ "$1" = 1 ]; then echo "$job"; else pgrep -P "$job" -x $name; fi; }

exec 2> >(grep -v --line-buffered ' Killed  ' >&2) # the shell's own remarks
exec {never}<> <(:) # nothing ever comes from it: a way to wait without a process
nap() { read -rt "$1" -u "$never" || true; }
now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); } # milliseconds

writing() { # the first file that is being written
    local file
    for file in "$work/now/$name"/*/*.partial "$work/now/$name"/runs/*/*.partial "$work/now/$name"/runs/*/*/*.partial; do
        if [ "$file" -nt "$work/stamp" ]; then # not one that an earlier kill left behind
            echo "${file#"$work/now/$name/"}"
            return
        fi
    done
    return 1
}

# Where a kill struck: the file that was being written, else the stage and what it had.
place_of_death() {
    local file stage
    if file=$(writing); then
        echo "writing $(basename "$file" .partial | sed 's/[0-9]\{6\}/N/')"
        return
    fi
    stage=start
    for file in base classifier_a classifier_b runs/base runs/orw-alpha0.3-seed1; do
        [ ! -d "$work/now/$name/$file" ] || stage=$file
    done
    if [ -e "$work/now/$name/$stage/policy.h5" ] || [ -e "$work/now/$name/$stage/model.h5" ]; then stage="after $stage"; fi
    echo "$stage"
}

job=''
pids=()
trap '[ -z "$job" ] || kill -KILL "$job" ${pids[@]+"${pids[@]}"} 2> /dev/null' EXIT
trap 'exit 130' INT TERM

# A run that is never killed, on as many ranks as it likes.
began=$(now)
start 1
wait "$job" || fail "the run that is to be compared with failed: $(tail -n 1 "$work/log")"
span=$(($(now) - began))
rm -rf "$work/reference"
mv "$work/now" "$work/reference"
echo "seed $seed; a run that is not killed takes $span ms"

done_kills=0
lives=0
compared=0
slowest=0
declare -A places
starts=0
while [ "$done_kills" -lt "$kills" ]; do
    ranks=$((1 + RANDOM % 4))
    starts=$((starts + 1))
    start $ranks
    began=$(now)
    # Some kills wait for a write: those are rare moments otherwise. The longest wait lets a run come to its end now and then.
    wait_for=$((RANDOM * (span / 2 + 1500) / 32768))
    aim=$((RANDOM % 2))
    nap "$((wait_for / 1000)).$(printf %03d $((wait_for % 1000)))"
    mapfile -t pids < <(ranks_of $ranks)
    if [ $aim = 1 ]; then
        while ! writing > /dev/null && kill -0 "$job" 2> /dev/null && [ $(($(now) - began)) -lt $((wait_for + span)) ]; do nap 0.002; done
    fi
    # A rank that is not there yet would outlive its job for a while.
    while [ ${#pids[@]} -lt $ranks ] && kill -0 "$job" 2> /dev/null && [ $(($(now) - began)) -lt $((wait_for + span)) ]; do
        mapfile -t pids < <(ranks_of $ranks)
    done
    victims=()
    what="the job of $ranks"
    if [ ${#pids[@]} -gt 1 ] && [ $((RANDOM % 2)) = 0 ]; then
        victims=("${pids[RANDOM % ${#pids[@]}]}")
        what="one of $ranks ranks"
    elif [ ${#pids[@]} -gt 0 ]; then
        victims=("$job" "${pids[@]}")
    fi
    struck=no
    if [ ${#victims[@]} -gt 0 ] && kill -KILL "${victims[@]}" 2> /dev/null; then struck=yes; fi
    where=$(place_of_death)
    died=$(now)
    status=0
    wait "$job" 2> /dev/null || status=$?
    for pid in ${pids[@]+"${pids[@]}"}; do # survivors are the launcher's to end
        while kill -0 "$pid" 2> /dev/null && [ $(($(now) - died)) -lt 20000 ]; do nap 0.02; done
    done
    took=$(($(now) - died))
    if [ $status = 0 ]; then
        lives=$((lives + 1))
        different=$(scripts/same-results.sh "$work/reference" "$work/now" | paste -sd ' ') || true
        [ -z "$different" ] || fail "after $done_kills kills these differ: $different"
        [ -z "$(find "$work/now" -name '*.partial' -o -name 'checkpoint*.h5')" ] || fail "partial files or checkpoints are left"
        compared=$((compared + 1))
        rm -rf "$work/now"
        echo "run $lives is complete after $starts starts, the same as the one that was never killed"
        starts=0
        continue
    fi
    if [ $struck = no ] || [ $status -lt 128 ] && [ "$what" = "the job of $ranks" ]; then
        fail "start $starts ended with status $status by itself: $(tail -n 1 "$work/log")"
    fi
    [ $took -le 10000 ] || fail "the job was still there $took ms after $what was killed"
    if [ "$what" != "the job of $ranks" ] && ! grep -q 'rank [0-9].*signal 9\|rank [0-9].* died' "$work/log"; then
        fail "nothing says which rank died: $(tail -n 3 "$work/log")"
    fi
    if [ $took -gt $slowest ]; then slowest=$took; fi
    done_kills=$((done_kills + 1))
    places[$where]=$((${places[$where]:-0} + 1))
    echo "kill $done_kills: $what, $where; gone after $took ms"
done

# What the last kill left behind goes on, too.
pids=()
start $((1 + RANDOM % 4))
wait "$job" || fail "the last run failed: $(tail -n 1 "$work/log")"
different=$(scripts/same-results.sh "$work/reference" "$work/now" | paste -sd ' ') || true
[ -z "$different" ] || fail "after $done_kills kills these differ: $different"

job=''
echo "kills by place:"
for where in "${!places[@]}"; do printf '%5d  %s\n' "${places[$where]}" "$where"; done | sort -rn
echo "$done_kills kills, $((compared + 1)) complete runs, all the same as one that was never killed; a job was gone at most $slowest ms after a kill"
finished
