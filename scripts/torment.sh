# torment.sh - what chaos.sh and faults.sh have in common. Sourced by them, with $program set.
# shellcheck shell=bash
torment=$(basename "$0")

refuse() {
    echo "$torment: $1" >&2
    exit 2
}

whole_numbers() { # whole_numbers NAME=VALUE...
    local number
    for number in "$@"; do
        case ${number#*=} in '' | *[!0-9]*) refuse "$number: expected a whole number" ;; esac
    done
    [ -x "$program" ] || refuse "$program: missing, expected it built (make build)"
}

# The folder to work in, which $1 may name: in $work. One that is made here is removed by `finished`.
take_folder() {
    work=$1
    made=''
    if [ -z "$work" ]; then
        work=$(mktemp -d "${TMPDIR:-/tmp}/orw-${torment%.sh}.XXXXXX") || exit 2
        made=$work
    fi
    mkdir -p "$work" || exit 2
    work=$(cd "$work" && pwd)
}
finished() { [ -z "$made" ] || rm -rf "$made"; }
fail() {
    echo "$torment: $1; see $work" >&2
    exit 1
}

# small_run KEY=VALUE...: into $settings, networks as small as they can be, that save everything that there is to save, all the time.
small_run() {
    local setting
    settings=()
    for setting in pretrain.batch=16 classifier_a.batch=16 classifier_b.batch=16 classifier_a.channels=8 classifier_b.channels=8 \
        classifier_a.depth=1 classifier_b.depth=1 finetune.batch=16 evaluate.count=16 checkpoint.updates=2 checkpoint.rounds=1 \
        samples.every=2 sweep.orw=0.3 sweep.offline= "$@"; do
        settings+=(--set "$setting")
    done
}
