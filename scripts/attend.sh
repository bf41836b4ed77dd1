# attend.sh - waits for a program and asks it to stop where we are asked to. Sourced by reproduce.sh and jobs/common.sh.
# shellcheck shell=bash
#
# A signal ends bash's `wait` early, and a child that ends just then loses its status (255, or the signal's own): where $signals is not
# 0, what attend returns says nothing, and the question is what the program has completed. A launcher that is only starting loses a signal, or
# dies of it: it is sent again until the program ends.

# A host that vanished is missed after 10 + 3 x 5 seconds; Open MPI's own patience is 8 minutes. What the environment says counts.
export OMPI_MCA_oob_tcp_keepalive_time="${OMPI_MCA_oob_tcp_keepalive_time:-10}"
export OMPI_MCA_oob_tcp_keepalive_intvl="${OMPI_MCA_oob_tcp_keepalive_intvl:-5}"
export OMPI_MCA_oob_tcp_keepalive_probes="${OMPI_MCA_oob_tcp_keepalive_probes:-3}"

attended='' # process, or group with a minus before it
asks=''     # the signal that asks it to stop
nagger=''
: "${signals:=0}"

# attend USR1 LAUNCHER...: asked by that signal, like the drivers under a launcher that passes it on to its ranks.
# attend TERM COMMAND...: all processes of the command are ended. Nothing is started after a signal.
attend() {
    local status=0 process
    [ $signals -eq 0 ] || return 75
    asks=$1
    shift
    [ "${verbose:-no}" = no ] || printf '+ %s\n' "$(printf '%q ' "$@")" >&2
    [ "$asks" = USR1 ] || set -m # a process group of its own
    "$@" &
    process=$!
    attended=$process
    [ "$asks" = USR1 ] || attended=-$process
    set +m
    [ $signals -eq 0 ] || nag # it came before we knew whom to ask
    while :; do
        status=0
        wait "$process" || status=$?
        kill -0 "$process" 2> /dev/null || break # else a signal of ours ended the waiting
    done
    [ -z "$nagger" ] || kill "$nagger" 2> /dev/null || true
    attended=''
    nagger=''
    [ $signals -eq 0 ] || status=75
    return $status
}

nag() {
    [ -z "$nagger" ] || return 0
    (while kill -s "$asks" -- "$attended"; do sleep 0.3; done) < /dev/null > /dev/null 2>&1 &
    nagger=$!
}

# For traps.
asked_to_stop() {
    signals=$((signals + 1))
    [ -z "$attended" ] || nag
}
