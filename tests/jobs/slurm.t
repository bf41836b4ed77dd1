# slurm.t - the chain of jobs/submit.sh on a real SLURM, of one node, which this test starts and stops (cluster.sh): jobs wait for each
# other, a second call submits nothing, pre-empted and warned jobs go on, and all ends with the bits of a program that ran alone.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/jobs/cluster.sh"

for command in bash flock h5diff perl; do
    command -v $command > /dev/null || skip_all "$command is not installed"
done
trap cluster_stop EXIT
trap 'exit 130' INT TERM HUP
cluster_start 2 || skip_all "no SLURM: $cluster_why"

OMPI_MCA_mpi_yield_when_idle=1 # the node has more ranks than cores, for all that this test knows
OMPI_MCA_rmaps_base_oversubscribe=1
ORW_RANKS=2
ORW_WARNING=5
export OMPI_MCA_mpi_yield_when_idle OMPI_MCA_rmaps_base_oversubscribe ORW_RANKS ORW_WARNING
config=$ORW_ROOT/experiments/target_image/smoke.conf
settings='--set pretrain.updates=4 --set pretrain.warmup=0 --set classifier_a.updates=4 --set classifier_b.updates=4
    --set pretrain.batch=8 --set finetune.batch=8 --set evaluate.count=8 --set finetune.rounds=24 --set checkpoint.rounds=1 --set evaluate.every=100 --set samples.every=0
    --set sweep.orw=0,0.3 --set sweep.offline='
runs=out/target_image/runs

# submit WORD...
# shellcheck disable=SC2086
submit() { "$ORW_ROOT/jobs/submit.sh" smoke --only target_image --out out $settings "$@"; }
ids() { squeue -h -r -o '%A' | sort -n | paste -sd ' '; }
state() { scontrol -o show job "$1" 2> /dev/null | sed -n 's/.* JobState=\([A-Z]*\).*/\1/p'; }
until_true() { # until_true SECONDS COMMAND...
    limit=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt $limit ] || return 1
        sleep 0.1
    done
}
# A requeued job would wait for two minutes, so that SLURM is sure that the old one is gone.
now() { for job in $(squeue -h -r -t PD -o '%A %r' | sed -n 's/ BeginTime$//p'); do scontrol update JobId="$job" StartTime=now 2> /dev/null; done; }
finished() {
    now
    [ -z "$(squeue -h)" ]
}
saved() { [ -e "$runs/$1/checkpoint.h5" ]; }
requeued() { [ "$(state "$1")" = PENDING ]; }
log() { cat out/jobs/orw-smoke-target_image-runs-"${array}_$1".out; }

fails "partition: found 'nosuch', expected one of: main other" "an unknown partition" submit --partition nosuch
[ ! -e out ]
report $? "leaves nothing behind"

# The reference is computed while SLURM is busy.
# shellcheck disable=SC2086
"$BUILD/bin/target_image" "$config" --out alone $settings > alone.log 2>&1 &
alone=$!

run submit
is "$status" 0 "the chain is submitted: $err"
array=$(cut -f 2,3 out/jobs/submitted.tsv | sed -n 's/\torw-smoke-target_image-runs$//p')
is "$(squeue -h -o '%j' | sort | paste -sd ' ')" "orw-smoke-figures orw-smoke-target_image-models orw-smoke-target_image-runs" "squeue shows it"
before=$(ids)
run submit
is "$status:$(ids)" "0:$before" "submitted twice, it is there once"

until_true 120 saved orw-alpha0-seed1
report $? "models are done, a run is under way" || tap_show queue "$(squeue)" logs "$(tail -n 3 out/jobs/*.out)"
scontrol requeue "${array}_1"
until_true 60 requeued "${array}_1"
report $? "pre-empted, it is back in the queue" || tap_show state "$(state "${array}_1")" log "$(log 1)"
[ ! -e $runs/orw-alpha0-seed1/policy.h5 ]
report $? "before it was done"

# The other one is warned, as before the time limit; it saves, ends with status 75 and requeues itself.
until_true 120 saved orw-alpha0.3-seed1
scancel --batch --signal=USR1 "${array}_2"
until_true 60 requeued "${array}_2"
report $? "warned, the other one requeues itself" || tap_show state "$(state "${array}_2")" log "$(log 2)"
like "$(log 2)" "interrupted: requeued" "with its own words"
[ ! -e $runs/orw-alpha0.3-seed1/policy.h5 ]
report $? "before it was done"

until_true 150 finished
report $? "the queue empties" || tap_show queue "$(squeue)"
for number in 1 2; do
    like "$(log $number)" "start 1, 2 ranks" "task $number was started once more"
    like "$(log $number)" "goes on at round" "and went on where it was"
done
exists out/report.html "the report is there"
run submit
is "$status:$out" "0:$PWD/out: everything is complete, nothing to submit" "submitted again: all is complete"

wait $alone
is $? 0 "the same without SLURM, on one rank"
different=
[ "$(cd alone && find . -name '*.h5' | sort)" = "$(cd out && find . -name '*.h5' | sort)" ] || different="list of files"
for file in $(cd alone && find . -name '*.h5' | sort); do
    said=$(h5diff -c --exclude-path /provenance --exclude-path /timing "alone/$file" "out/$file" 2>&1) && [ -z "$said" ] ||
        different="$different $file"
done
is "$different" "" "has the same bits"

pids=$cluster_pids
cluster_stop
left=
for pid in $pids; do kill -0 "$pid" 2> /dev/null && left="$left $pid"; done
is "$left" "" "SLURM is gone"
done_testing
