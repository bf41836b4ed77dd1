# shellcheck shell=bash
# common.sh - what the three kinds of job share: the site, the launcher, SLURM's warning, going on in the next job. They run in the
# source tree (sbatch --chdir).

export LC_ALL=C # decimal points, one order of names

if [ ! -f jobs/site.conf ]; then
    echo "jobs/site.conf: missing in $PWD, expected sbatch --chdir=SOURCE_TREE, as jobs/submit.sh calls it" >&2
    exit 2
fi
unset CDPATH
# shellcheck disable=SC1090
. <(tr -d '\r' < jobs/site.conf) # it may have been edited elsewhere
BUILD=${BUILD:-build}
if [ -n "$ORW_MODULES" ]; then
    # shellcheck disable=SC2086
    module load $ORW_MODULES
fi

# The number of an array's last task is the array's own: SLURM knows the task alone by both.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
say() { printf '%s job %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$job" "$*"; }

# SLURM's warning before the time limit comes as USR1, a pre-emption as TERM, which the ranks may have got already. Passing on USR1
# for both never counts as the second TERM, at which a program leaves at once.
. scripts/attend.sh
pass_on() {
    asked_to_stop
    say "$1: the ranks are asked to save what they have"
}
trap 'pass_on USR1' USR1
trap 'pass_on TERM' TERM

# work PROGRAM ARGUMENT...: on all ranks of the job, to the end of the job.
work() {
    local status=0
    say "start ${SLURM_RESTART_COUNT:-0}, $SLURM_NTASKS ranks: $*"
    # shellcheck disable=SC2086
    attend USR1 $ORW_LAUNCH -n "$SLURM_NTASKS" "$@" || status=$?
    [ $signals -eq 0 ] || status=1
    case $status in
        0) say "complete" ;;
        1) tell_one "$@" ;;
        75) go_on_later ;;
        *) say "failed, status $status"; exit "$status" ;;
    esac
}

# 1 is the program's status where something that it checks does not hold, and the launchers' own for whatever fails; after a signal no
# status can be trusted. The question needs no launcher.
tell_one() {
    if "$@" --complete > /dev/null; then
        say "complete; if something that the experiment checks does not hold, see above and the report"
    elif [ $signals -gt 0 ]; then
        go_on_later
    else
        say "failed, status 1"
        exit 1
    fi
}

# Interrupted, with a checkpoint. Whoever pre-empted the job has requeued it already; whoever cancelled it wants it gone.
go_on_later() {
    local state
    state=$(scontrol show job --oneliner "$job" | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p')
    if [ "$state" != RUNNING ]; then
        say "interrupted, and ${state:-unknown}: not requeued here"
    elif [ "${SLURM_RESTART_COUNT:-0}" -ge "$ORW_RESTARTS" ]; then
        say "interrupted for the $((SLURM_RESTART_COUNT + 1)). time, expected at most ORW_RESTARTS = $ORW_RESTARTS; submit again to go on"
    else
        say "interrupted: requeued"
        scontrol requeue "$job" || say "cannot be requeued; submit again to go on"
    fi
    exit 75
}
