# submit.t - what jobs/submit.sh asks of SLURM, and what a job does with the answers of its program: SLURM and the programs are stand-ins
# that write down what they were called with.
. "$ORW_ROOT/tests/tap.sh"

command -v bash > /dev/null || skip_all "bash is not installed"
command -v flock > /dev/null || skip_all "flock (util-linux) is not installed"
here=$PWD
mkdir -p fake build/bin
PATH=$here/fake:$PATH
BUILD=$here/build
export PATH BUILD here
for variable in ORW_PARTITION ORW_ACCOUNT ORW_RANKS ORW_RANKS_PER_NODE ORW_TIME ORW_WARNING ORW_RESTARTS ORW_AT_ONCE ORW_SBATCH ORW_LAUNCH; do
    unset $variable
done

# sbatch: one line per call in calls, the job in queue as squeue prints it. A file no-sbatch-NAME makes a job of that name fail.
cat > fake/sbatch << 'END'
#!/bin/sh
for word in "$@"; do
    case $word in
        --job-name=*) name=${word#*=} ;;
        --comment=*) comment=${word#*=} ;;
        --array=*) tasks=${word##*-}; tasks=${tasks%\%*} ;;
    esac
done
if [ -e "$here/no-sbatch-$name" ]; then
    echo "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified" >&2
    exit 1
fi
id=$(($(cat "$here/last" 2> /dev/null || echo 100) + 1))
echo $id > "$here/last"
echo "$*" >> "$here/calls"
for task in $(seq ${tasks:-1}); do echo "$id|${tasks:+$task}|$comment" >> "$here/queue"; done
echo $id
END
cat > fake/squeue << 'END'
#!/bin/sh
[ ! -e "$here/no-squeue" ] || { echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1; }
cat "$here/queue" 2> /dev/null || true
END
cat > fake/sinfo << 'END'
#!/bin/sh
case "$*" in
    *--partition=long*) echo long ;;
    *--partition=*) ;;
    *) printf 'long\nshort\n' ;;
esac
END
cat > fake/scancel << 'END'
#!/bin/sh
echo "$*" >> "$here/cancelled"
END
cat > fake/scontrol << 'END'
#!/bin/sh
case $1 in
    show) echo "JobId=7 JobName=x JobState=$(cat "$here/state") Reason=None" ;;
    *) echo "$*" >> "$here/requeued" ;;
esac
END
cat > fake/launcher << 'END'
#!/bin/sh
case "$1 $2" in "-n 2") ;; *) exit 9 ;; esac
if [ -e "$here/deaf" ]; then # as a launcher that is only starting
    trap '' USR1
    touch "$here/waiting"
    sleep 1
    trap - USR1
    rm "$here/waiting"
fi
shift 2
exec "$@"
END
# The program: a sweep of three, and complete where a file says so.
cat > build/bin/target_image << 'END'
#!/bin/sh
sweep=
if [ -e "$here/broken" ]; then # as MPI does where it cannot start, or worse
    case " $* " in
        *" $(cat "$here/broken") "*)
            [ ! -e "$here/says" ] || echo "orte_init failed" >&2
            exit "$(cat "$here/broken-status")" ;;
    esac
fi
for word in "$@"; do
    case $word in
        --print-config) printf '[parallel]\nshards = 4\n\n[sweep]\nseeds = %s\n\n[solver]\nsteps = %s\n' "$(wc -l < "$here/runs")" "$(cat "$here/steps")"; exit ;;
        --runs) cat "$here/runs"; exit ;;
        --complete) asked=yes ;;
        sweep.orw=* | sweep.seeds=*) sweep=$sweep$word ;;
        rewards) sweep=models ;;
        pretrain.wrong=*) echo "orw: error: --set: unknown key 'pretrain.wrong'" >&2; exit 2 ;;
    esac
done
[ "${asked:-}" != yes ] || { grep -q -x -e "$sweep" "$here/complete" || exit 3; exit 0; }
echo "$*" >> "$here/worked"
if [ -e "$here/waits" ]; then
    trap 'exit 75' USR1
    touch "$here/waiting"
    for _ in $(seq 200); do sleep 0.05; done
    exit 9
fi
exit "$(cat "$here/status")"
END
cat > build/bin/theory << 'END'
#!/bin/sh
for word in "$@"; do
    case $word in
        --print-config) printf '[parallel]\nshards = 16\n'; exit ;;
        --runs) exit ;;
        --complete) exit 3 ;;
    esac
done
END
chmod +x fake/* build/bin/*
line() { printf -- '--set sweep.orw=%s --set sweep.offline= --set sweep.seeds=%s\n' "$1" "$2"; }
{ line 0 1; line 0.3 1; line 0.3 2; } > runs
echo 8 > steps
: > complete

submit() { bash "$ORW_ROOT/jobs/submit.sh" smoke --only target_image --out out "$@"; }
forget() {
    rm -rf out queue calls last cancelled
    : > complete
}
calls() { wc -l 2> /dev/null < calls || echo 0; }
call() { sed -n "$1p" calls; }

# ---- refusals: one line, status 2, nothing touched

fails 'no profile' "no profile" bash "$ORW_ROOT/jobs/submit.sh" --out out
fails 'two profiles, smoke and quick' "two profiles" bash "$ORW_ROOT/jobs/submit.sh" smoke quick --out out
fails 'experiments/\*/nosuch.conf: none found' "an unknown profile" bash "$ORW_ROOT/jobs/submit.sh" nosuch --out out
fails 'experiments/nosuch/smoke.conf: none found' "an unknown experiment" submit --only nosuch
fails 'unknown option --dryrun' "a misspelt option" submit --dryrun
fails "partition: found 'nosuch', expected one of: long short" "an unknown partition" submit --partition nosuch
fails "ORW_RANKS: found 'many'" "ranks that are no number" submit --ranks many
fails "target_image: --set: unknown key 'pretrain.wrong'" "a key that the program does not know" submit --set pretrain.wrong=1
fails "missing, expected it built" "a program that is not built" env BUILD=/nowhere bash "$ORW_ROOT/jobs/submit.sh" smoke --out out
fails "/dev/null/out: .*expected a folder" "no folder for the results" bash "$ORW_ROOT/jobs/submit.sh" smoke --only target_image --out /dev/null/out
touch no-squeue
fails "squeue: .*Unable to contact" "SLURM does not answer" submit
rm -r no-squeue out
for question in --print-config --runs --complete; do
    for answer in 0 1 134; do
        [ "$answer:$question" != 0:--complete ] || continue # that is an answer
        [ "$answer:$question" != 0:--runs ] || continue     # so is that: a driver without a sweep
        echo $question > broken
        echo $answer > broken-status
        fails "target_image: no answer to .*$question" "$question: nothing, status $answer" submit
    done
done
touch says
echo 1 > broken-status
fails "target_image: orte_init failed" "what the program said last is passed on" submit
rm -r broken broken-status says out
[ ! -e out ] && [ ! -e calls ]
report $? "nothing was written, nothing submitted"

# ---- dry run

run submit --dry-run
is "$status:$(printf '%s\n' "$out" | grep -c '^sbatch ')" 0:3 "--dry-run prints three calls"
[ ! -e out ] && [ ! -e calls ]
report $? "and does nothing"

# ---- the chain

run submit --ranks 64
is "$status:$(calls)" 0:3 "a chain of three: $err"
like "$(call 1)" "--job-name=orw-smoke-target_image-models .* jobs/models.sbatch target_image experiments/target_image/smoke.conf $here/out\$" "models"
unlike "$(call 1)" "--dependency" "wait for nothing"
like "$(call 2)" "--dependency=afterok:101 .*--array=1-3 jobs/runs.sbatch target_image" "three runs wait for them"
like "$(call 3)" "--dependency=afterok:101:102 .* jobs/figures.sbatch smoke $here/out\$" "figures wait for all"
is "$(grep -c -e '--requeue .*--open-mode=append .*--signal=B:USR1@300' calls)" 3 "all are warned and can be requeued"
is "$(grep -c -e '--ntasks=4 ' calls)" 2 "no more ranks than shards"
is "$(printf '%s\n' "$out" | sed -n 's/^\(10[0-9_0-9.\[-]*\]*\) .*/\1/p' | paste -sd ' ')" "101 102_[1-3] 103" "the ids are printed"
plan=$(call 2 | sed 's/.* //')
is "$(cat "$plan")" "$(cat runs)" "task N finds its run in line N of the plan"

run submit
is "$status:$(calls)" 0:3 "once more: nothing new"
is "$(printf '%s\n' "$out" | grep -c 'queued before')" 3 "the chain is recognised"
echo 9 > steps
fails "job 10[12] is queued for it with other settings" "other settings in the same place: refused" submit
echo 8 > steps

line 0 2 >> runs
run submit
is "$status:$(calls)" 0:5 "the sweep has grown: an array and figures more"
is "$(cat "$(call 4 | sed 's/.* //')")" "$(line 0 2)" "for the new run alone"
like "$(call 4)" "--dependency=afterok:101 " "which waits for the models in the queue"
like "$(call 5)" "--dependency=afterok:101:102:104,afterany:103 " "figures once more, after the others"

# ---- what is complete

forget
{ echo models; echo sweep.orw=0sweep.seeds=1; echo sweep.orw=0.3sweep.seeds=2; } > complete
run submit
is "$status:$(calls)" 0:2 "models are there: an array and figures"
unlike "$(call 1)" "--dependency" "that wait for nothing"
is "$(cat "$(call 1 | sed 's/.* //')")" "$(line 0.3 1; line 0 2)" "only what is not complete"
sed -i '/|1|/d' queue
echo sweep.orw=0.3sweep.seeds=1 >> complete
run submit
is "$status:$(calls)" 0:2 "one task is done, the other one queued: nothing new"
sed -i '/runs/d' queue
run submit
is "$(cat "$(call 3 | sed 's/.* //')")" "$(line 0 2)" "a task that went without its result is submitted again"
rm queue
echo sweep.orw=0sweep.seeds=2 >> complete
touch out/report.html
run submit
is "$status:$out" "0:$here/out: everything is complete, nothing to submit" "all is there"

# ---- the site

forget
ORW_ACCOUNT=mine ORW_TIME=01:00:00 ORW_WARNING=60 ORW_RANKS_PER_NODE=2 ORW_AT_ONCE=5 ORW_SBATCH='--qos=low --mem=1G' run submit --partition long --set a.b=c
is "$(grep -c -e '--time=01:00:00 --signal=B:USR1@60 .*--partition=long --account=mine .*--qos=low --mem=1G' calls)" 3 "partition, account, time and the rest"
like "$(call 2)" "--ntasks-per-node=2 .*--array=1-4%5 .* --set a.b=c\$" "ranks per node, tasks at a time, a key for the program"
forget
touch no-sbatch-orw-smoke-target_image-runs
fails "orw-smoke-target_image-runs: Batch job submission failed: Invalid account" "SLURM refuses a job" submit
is "$(cat cancelled)" 101 "what was submitted before it is cancelled"
rm no-sbatch-*
forget
run bash "$ORW_ROOT/jobs/submit.sh" smoke --only theory --out out
like "$(call 1)" "jobs/runs.sbatch theory experiments/theory/smoke.conf $here/out -\$" "without a sweep, one job does it all"

# ---- inside a job

cat > fake/job << 'END'
#!/bin/sh
cd "$ORW_ROOT" || exit 9
export ORW_LAUNCH=launcher SLURM_JOB_ID=7 SLURM_NTASKS=2
[ "$1" != runs ] || export SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2
script=jobs/$1.sbatch
shift
exec bash "$script" target_image some.conf out "$@"
END
chmod +x fake/job
attempt() { # attempt STATUS JOBSTATE: a job whose program ends so
    rm -f worked requeued
    echo "$1" > status
    echo "$2" > state
    run job models
}
attempt 0 RUNNING
is "$status:$(cat worked)" "0:some.conf --out out --stage rewards" "the program is called"
attempt 1 RUNNING
is "$status:$(cat requeued 2> /dev/null)" "1:" "status 1 of a launcher that failed ends the job"
echo models > complete
attempt 1 RUNNING
is "$status" 0 "where the results are complete, it is a check that does not hold: for the report"
: > complete
attempt 2 RUNNING
is "$status:$(cat requeued 2> /dev/null)" "2:" "an error ends the job"
attempt 75 RUNNING
is "$status:$(cat requeued)" "75:requeue 7" "interrupted: requeued"
attempt 75 PENDING
is "$status:$(cat requeued 2> /dev/null)" "75:" "pre-empted: SLURM has done so"
attempt 75 CANCELLED
is "$status:$(cat requeued 2> /dev/null)" "75:" "cancelled: stays so"
SLURM_RESTART_COUNT=100
export SLURM_RESTART_COUNT
attempt 75 RUNNING
is "$status:$(cat requeued 2> /dev/null)" "75:" "not for ever"
unset SLURM_RESTART_COUNT
echo 0 > status
rm worked
run job runs "$here/runs"
is "$(cat worked)" "some.conf --out out $(line 0.3 1) --shared" "an array's task does its line"
echo 75 > status
run job runs "$here/runs"
is "$status:$(cat requeued)" "75:requeue 7_2" "interrupted, it is requeued alone"
sed -i '2,$d' runs
run job runs "$here/runs"
is "$status" 2 "a line that is not there"
for signal in USR1 TERM; do
    rm -f requeued waiting
    touch waits
    echo RUNNING > state
    job models > job.log 2>&1 &
    victim=$!
    while [ ! -e waiting ] && kill -0 $victim 2> /dev/null; do sleep 0.05; done
    kill -$signal $victim
    wait $victim
    is "$?:$(cat requeued)" "75:requeue 7" "SIG$signal is passed on, the program saves and the job is requeued"
    rm -f requeued waiting
    touch deaf
    job models > job.log 2>&1 &
    victim=$!
    while [ ! -e waiting ] && kill -0 $victim 2> /dev/null; do sleep 0.05; done
    kill -$signal $victim
    wait $victim
    is "$?:$(cat requeued)" "75:requeue 7" "SIG$signal that the launcher loses is sent again"
    rm -f requeued waiting deaf
    echo models > complete
    job models > job.log 2>&1 &
    victim=$!
    while [ ! -e waiting ] && kill -0 $victim 2> /dev/null; do sleep 0.05; done
    kill -$signal $victim
    wait $victim
    is "$?:$(cat requeued 2> /dev/null)" "0:" "whatever the launcher's status, what is complete after SIG$signal is complete"
    : > complete
done
rm -f waits waiting

# the figures' job, with a reproduce.sh that draws until it is stopped
mkdir tree
cp -r "$ORW_ROOT/jobs" "$ORW_ROOT/scripts" tree
cat > tree/reproduce.sh << 'END'
#!/bin/sh
trap 'exit 75' USR1
touch "$here/waiting"
for _ in $(seq 200); do sleep 0.05; done
END
chmod +x tree/reproduce.sh
cat > fake/figures << 'END'
#!/bin/sh
cd "$here/tree" && SLURM_JOB_ID=7 exec bash jobs/figures.sbatch smoke out
END
chmod +x fake/figures
figures > job.log 2>&1 &
victim=$!
while [ ! -e waiting ] && kill -0 $victim 2> /dev/null; do sleep 0.05; done
kill -USR1 $victim
wait $victim
is "$?:$(cat requeued)" "75:requeue 7" "the figures' job is requeued, too"

if [ -w /dev/full ]; then
    for script in jobs/submit.sh reproduce.sh; do
        said=$("$ORW_ROOT/$script" --help 2>&1 > /dev/full)
        is "$?:$(printf '%s\n' "$said" | wc -l)" 2:1 "$script --help to a full disk: $said"
    done
fi
done_testing
