# abreast.t - reproduce.sh runs the runs of a sweep side by side, one rank each: the same results, as many at once as asked for, signals
# reach them all; --set, --quiet and --verbose reach the programs.
. "$ORW_ROOT/tests/tap.sh"
command -v mpirun > /dev/null || skip_all "mpirun is not installed"
unset MPIRUN SLURM_JOB_ID PBS_JOBID LSB_JOBID

# ---- abreast by itself, with a program that notes how many are at work
cat > worker <<'END'
#!/bin/sh
trap 'echo "asked $*" >> said; exit 75' USR1
: > "at-work/$$"
sleep 0.2
ls at-work | wc -l >> counts
echo "$*" >> calls
sleeps=0
while [ -e hold ] && [ $sleeps -lt 100 ]; do sleep 0.1; sleeps=$((sleeps + 1)); done
sleep 0.3
rm "at-work/$$"
case "$*" in *--bad*) exit 2 ;; esac
END
chmod +x worker
fresh() {
    rm -rf at-work said calls counts
    mkdir at-work
    : > calls
}
start() { exec bash -euc '. "$ORW_ROOT/scripts/attend.sh"; . "$ORW_ROOT/scripts/launch.sh"; . "$ORW_ROOT/scripts/abreast.sh"
    trap asked_to_stop USR1
    attend USR1 abreast "$@"' bash "$@"; }
abreast() { (start "$@"); }
fresh
run abreast 3 "--a 1
--b 2
--c 3
--d 4
--e 5" ./worker common
is "$status" 0 "five runs"
is "$(sort calls)" "common --a 1
common --b 2
common --c 3
common --d 4
common --e 5" "each once, with the common words"
is "$(sort -n counts | tail -n 1 | tr -d ' ')" 3 "three at once, and no more"
is "$(printf '%s\n' "$err" | tail -n 1)" "5 of 5 runs done" "how many are done is said"
fresh
run abreast 1 "--a
--bad
--c" ./worker
is "$status:$(wc -l < calls | tr -d ' ')" "2:2" "the first that fails: its status, and none is begun behind it"
fresh
: > hold
start 2 "--a
--b
--c" ./worker 2> err &
process=$!
tries=0
while [ "$(wc -l < calls)" -lt 2 ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -s USR1 $process
wait $process
is "$?" 75 "a signal: status 75"
is "$(sort -u said | wc -l | tr -d ' '):$(wc -l < calls | tr -d ' ')" "2:2" "it reaches all that are at work, and none is begun"
rm hold

# ---- the real thing
tiny='--set pretrain.updates=4 --set pretrain.batch=8 --set classifier_a.updates=4 --set classifier_b.updates=4 --set finetune.rounds=2
    --set finetune.batch=8 --set evaluate.count=8 --set solver.steps=2 --set quality.images=100 --set sweep.orw=0,0.3 --set sweep.offline=
    --set sweep.seeds=1,2'
reproduce() {
    # shellcheck disable=SC2086
    (cd "$ORW_ROOT" && ./reproduce.sh run --profile smoke --only target_image $tiny "$@")
}
here=$PWD
export BUILD
run reproduce --np 2 --out "$here/abreast"
is "$status" 0 "a sweep of four runs on two cores"
like "$err" "^4 of 4 runs done" "side by side"
like "$out" "^$here/abreast/target_image: complete; the results are there" "where the results are is said at the end"
# shellcheck disable=SC2086
"$BUILD/bin/target_image" "$ORW_ROOT/experiments/target_image/smoke.conf" $tiny --out alone > alone.log 2>&1
is "$("$ORW_ROOT/scripts/same-results.sh" alone/target_image abreast/target_image)" "" "to the bits of one process that makes them all"
run reproduce --np 2 --out "$here/abreast"
like "$out" "^== run/target_image: up to date" "once more: nothing is done"
run reproduce --np 2 --out "$here/refused" --set finetune.rate=fast
is "$status:$out$err" '2:reproduce.sh: target_image: --set: finetune.rate = "fast": expected a finite real in [0, 1] (--only NAME runs one experiment)' \
    "--set: what a program would refuse is refused in one line"
[ ! -e refused/target_image ]
report $? "before anything is done"
run reproduce --np 5 --out "$here/five" --quiet
is "$status:$err" "0:" "--quiet: no progress, on five ranks"
is "$("$ORW_ROOT/scripts/same-results.sh" alone/target_image five/target_image)" "" "more ranks than runs: the same results"
run reproduce --np 2 --out "$here/verbose" -v
like "$err" "^+ mpirun -n 2 .*target_image .*--stage rewards" "--verbose: the commands"

done_testing
