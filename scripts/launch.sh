# launch.sh - how reproduce.sh calls the launcher; attend.sh waits for it.
# shellcheck shell=bash

# Ranks that wait leave their core to others where it may not be theirs alone, as outside a batch system's allocation.
prepare_launcher() {
    if [ -z "${SLURM_JOB_ID:-}${PBS_JOBID:-}${LSB_JOBID:-}" ]; then
        export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
    fi
    # A launcher's ranks have a pipe for standard error, and may still rewrite their line of progress on our terminal.
    if [ -t 2 ] && ORW_TERMINAL=$(tty <&2); then export ORW_TERMINAL; else unset ORW_TERMINAL; fi
    if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

# Ranks are not bound to cores: several jobs on one machine would all be bound to its first ones.
launch() { # launch RANKS PROGRAM ARGUMENT...
    local ranks=$1 options=()
    shift
    if [ -n "${MPIRUN:-}" ]; then
        # shellcheck disable=SC2086
        attend USR1 $MPIRUN -n "$ranks" "$@"
        return
    fi
    if mpirun --version 2>&1 | grep -q 'Open MPI'; then
        # Open MPI counts cores where nproc counts hardware threads.
        options=(--bind-to none --oversubscribe)
    fi
    through without_mpirun mpirun -n "$ranks" ${options[@]+"${options[@]}"} "$@"
}

# through FILTER COMMAND...: attends to the command, its standard error through the filter.
through() {
    local status=0 filter=$1
    shift
    exec 3> >(trap '' INT TERM USR1; $filter >&2)
    filter=$!
    attend USR1 "$@" 2>&3 3>&- || status=$?
    exec 3>&-
    # What it said last belongs before what we say next; but a rank that outlives mpirun keeps the pipe open.
    for _ in {1..20}; do
        kill -0 "$filter" 2> /dev/null || break
        sleep 0.05
    done
    return $status
}

# Without Open MPI's paragraphs on a program that ended with a status of its own: the program has said why. Those on a rank that died stay.
without_mpirun() {
    sed -u '/^-\{70,\}$/{N;/\n\(Primary job  *terminated normally\|mpirun detected that one or more processes exited with non-zero\)/!b;:skip;N;/\n-\{70,\}$/!b skip;d}'
}
