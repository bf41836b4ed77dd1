# abreast.sh - runs of a sweep side by side, a process each. Sourced by reproduce.sh; to be called by `attend USR1`.
# shellcheck shell=bash

# abreast MOST LINES COMMAND...: COMMAND with the options of each of the lines, MOST at once at most. Its status is 0, that of the
# first that failed, after which none is begun and the others are asked to stop, or 75 where a signal asked for it. USR1 is passed on;
# TERM ends the others at once, as mpirun does.
abreast() {
    local most=$1 next=0 status=0 one asked=0 done=0 process lines
    local -A busy=()
    mapfile -t lines <<< "$2"
    shift 2
    trap 'asked=1; pass_on USR1' USR1
    trap 'asked=1; pass_on TERM; sleep 1; pass_on KILL' TERM
    trap '' INT
    while :; do
        while [ ${#busy[@]} -lt "$most" ] && [ $asked -eq 0 ] && [ $status -eq 0 ] && [ $next -lt ${#lines[@]} ]; do
            # shellcheck disable=SC2086 # options are words
            "$@" ${lines[$next]} < /dev/null &
            busy[$!]=$next
            next=$((next + 1))
        done
        [ ${#busy[@]} -gt 0 ] || break
        wait -n "${!busy[@]}" 2> /dev/null || true # a signal ends the waiting
        for process in "${!busy[@]}"; do
            ! kill -0 "$process" 2> /dev/null || continue
            one=0
            wait "$process" || one=$?
            unset "busy[$process]"
            case $one in
                0) done=$((done + 1)) ;;
                75) asked=1 ;;
                *)
                    [ $status -ne 0 ] || status=$one
                    pass_on USR1 ;;
            esac
            [ $one -ne 0 ] || [ "${quiet:-no}" = yes ] || printf '%s of %s runs done\n' $done ${#lines[@]} >&2
        done
    done
    [ $status -ne 0 ] || [ $asked -eq 0 ] || [ $done -eq ${#lines[@]} ] || status=75
    exit $status
}

pass_on() {
    local process
    for process in ${busy[@]+"${!busy[@]}"}; do kill -s "$1" "$process" 2> /dev/null || true; done
}
