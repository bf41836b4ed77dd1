#!/usr/bin/env bash
# submit.sh - submits a profile's whole reproduction to SLURM, as a chain of jobs. `jobs/submit.sh --help` says what it does.
set -euo pipefail
export LC_ALL=C # decimal points, one order of names

unset CDPATH
called_from=$PWD
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
root=$PWD
# shellcheck disable=SC1090
. <(tr -d '\r' < jobs/site.conf) # it may have been edited elsewhere
BUILD=${BUILD:-build}

usage() {
    cat << 'END'
Usage: jobs/submit.sh PROFILE [OPTION...]

Submits, for every experiment that has experiments/EXPERIMENT/PROFILE.conf: a job for its models (pre-training, reward models), an array
with one task per run of its sweep (method, alpha, seed), and one job at the end for the figures and the report. Each waits for those
before it. What is complete is not submitted, nor what is still queued or running: the same command again completes the chain.

Options
  --dry-run          print what would be submitted; nothing is submitted or written
  --only EXPERIMENT  one experiment; its figures too
  --out DIR          where results go (default results/PROFILE); job logs in DIR/jobs
  --set KEY=VALUE    override a configuration key of every experiment; may be repeated
  --partition NAME   instead of jobs/site.conf's
  --ranks N          ranks of one job instead of jobs/site.conf's
  --help             this text

jobs/site.conf says what differs between clusters; jobs/README.md tells more.
END
}

die() {
    local job
    printf 'submit.sh: %s\n' "$*" >&2
    # A chain of which a part is missing would wait, or run, for nothing.
    for job in ${submitted[@]+"${submitted[@]}"}; do scancel "$job" 2> /dev/null || true; done
    exit 2
}

# ---------------------------------------------------------------- arguments

profile='' dry=no only='' out=$root/results/ # the profile's folder in it
options=()   # for the programs
submitted=() # ids of jobs that this call has submitted
upstream=()  # ids that the figures wait for
shown=()     # lines for the reader

parse_arguments() {
    local argument value
    while [ $# -gt 0 ]; do
        argument=$1
        shift
        case $argument in
            --help | -h) usage || exit 2; exit 0 ;;
            --dry-run) dry=yes; continue ;;
            --*=*) value=${argument#*=}; argument=${argument%%=*} ;;
            --only | --out | --set | --partition | --ranks)
                [ $# -gt 0 ] || die "$argument: found no value, expected one (see --help)"
                value=$1
                shift ;;
            -*) die "unknown option $argument; see --help" ;;
            *)
                [ -z "$profile" ] || die "two profiles, $profile and $argument; expected one"
                profile=$argument
                continue ;;
        esac
        case $argument in
            --only) only=$value ;;
            --out) out=$value ;;
            --set) options+=(--set "$value") ;;
            --partition) ORW_PARTITION=$value ;;
            --ranks) ORW_RANKS=$value ;;
            *) die "unknown option $argument; see --help" ;;
        esac
    done
    [ -n "$profile" ] || die "no profile; expected smoke, quick, standard or paper (see --help)"
    case $out in
        "$root/results/") out=$out$profile ;;
        '') die "--out: found '', expected a folder" ;;
        *[[:cntrl:]]*) die "--out: found a line break or another control character in it, expected a name without" ;;
        /*) ;;
        *) out=$called_from/$out ;;
    esac
}

# Everything that can be refused is refused before anything is submitted or written.
check() {
    local experiment key
    for key in RANKS WARNING RESTARTS; do
        value=ORW_$key
        case ${!value} in
            '' | *[!0-9]* | 0*) die "ORW_$key: found '${!value}', expected a whole number from 1 up (jobs/site.conf)" ;;
        esac
    done
    [ -n "$(experiments)" ] || die "experiments/${only:-*}/$profile.conf: none found, expected a profile that an experiment has"
    for experiment in $(experiments); do
        [ -x "$BUILD/bin/$experiment" ] || die "$BUILD/bin/$experiment: missing, expected it built (./reproduce.sh build)"
    done
    for key in sbatch squeue sinfo scancel; do
        command -v $key > /dev/null || die "$key: not found, expected SLURM's programs (./reproduce.sh runs without SLURM)"
    done
    if [ -n "$ORW_PARTITION" ] && [ -z "$(sinfo --noheader --partition="$ORW_PARTITION" --format=%R 2> /dev/null)" ]; then
        die "partition: found '$ORW_PARTITION', expected one of: $(sinfo --noheader --format=%R | sort -u | paste -sd ' ')"
    fi
}

experiments() {
    local config
    for config in experiments/${only:-*}/"$profile".conf; do
        # As in reproduce.sh: a profile that begins with "# By request" runs under --only alone.
        [ ! -f "$config" ] || { [ -z "${only:-}" ] && head -n 1 "$config" | grep -q '^# By request'; } || basename "$(dirname "$config")"
    done
}

# ---------------------------------------------------------------- what is there

# ask EXPERIMENT ARGUMENT...: the program's answer, its status in $answered: 0, or 3 for what is not complete. Anything else, or an error
# without a word, ends us: nothing is planned on a guess.
ask() {
    local experiment=$1
    shift
    answered=0
    answer=$("$BUILD/bin/$experiment" "experiments/$experiment/$profile.conf" ${options[@]+"${options[@]}"} "$@" 2> "$scratch/error" < /dev/null) ||
        answered=$?
    case $answered:$* in
        0:* | 3:*--complete) ;;
        *) die "$experiment: $(sed 's/^orw: error: //' "$scratch/error" | grep -m 1 . || echo "no answer to '$*', status $answered")" ;;
    esac
}

complete() { # complete EXPERIMENT ARGUMENT...
    local answered answer
    ask "$@" --out "$out" --complete
    [ $answered -eq 0 ]
}

# One line per queued or running job of ours: its id or its array's, task, what it is for (the comment that submit gives it).
read_queue() {
    squeue --noheader --array --user="$(id -un)" --format='%F|%K|%k' > "$scratch/queue" 2> "$scratch/error" ||
        die "squeue: $(head -n 1 "$scratch/error")"
}

queued() { # queued COMMENT: the newest job with this comment
    local id task comment
    while IFS='|' read -r id task comment; do
        if [ "$comment" = "$1" ]; then echo "$id"; fi
    done < "$scratch/queue" | sort -n | tail -n 1
}

# queued_runs: "ID OPTIONS" of every task in the queue, by the plans that the arrays were submitted with.
queued_runs() {
    local id task comment plan
    while IFS='|' read -r id task comment; do
        plan=${comment#"$purpose:runs:"}
        if [ "$plan" != "$comment" ] && [ -f "$plan" ]; then
            printf '%s %s\n' "$id" "$(sed -n "${task}p" "$plan")"
        fi
    done < "$scratch/queue"
}

# What the jobs of an experiment are for: results, and the settings that they depend on (a sweep may grow).
purpose_of() { # purpose_of EXPERIMENT, whose configuration is in $answer
    local id task comment
    purpose="orw:$out/$1:$(printf '%s\n' "$answer" | sed '/^\[sweep\]/,/^\[/{/^\[sweep\]/d;/^\[/!d}' | sha256sum | cut -c 1-12)"
    while IFS='|' read -r id task comment; do
        case $comment in
            "$purpose":*) ;;
            "orw:$out/$1:"*) die "$out/$1: job $id is queued for it with other settings; expected the same, or another --out" ;;
        esac
    done < "$scratch/queue"
}

# ---------------------------------------------------------------- submitting

# submit NAME COMMENT DEPENDENCY RANKS OPTION... -- SCRIPT ARGUMENT...; the id in $job.
submit() {
    local name=orw-$profile-$1 comment=$2 after=$3 ranks=$4 array='' words=(sbatch --parsable) word
    shift 4
    words+=("--job-name=$name" "--comment=$comment" "--chdir=$root" --requeue --open-mode=append --cpus-per-task=1)
    words+=("--ntasks=$ranks" "--time=$ORW_TIME" "--signal=B:USR1@$ORW_WARNING" "--export=ALL,BUILD=$BUILD")
    [ -z "$after" ] || words+=("--dependency=$after" --kill-on-invalid-dep=yes)
    [ -z "$ORW_PARTITION" ] || words+=("--partition=$ORW_PARTITION")
    [ -z "$ORW_ACCOUNT" ] || words+=("--account=$ORW_ACCOUNT")
    [ -z "$ORW_RANKS_PER_NODE" ] || words+=("--ntasks-per-node=$((ORW_RANKS_PER_NODE < ranks ? ORW_RANKS_PER_NODE : ranks))")
    # shellcheck disable=SC2206
    [ -z "$ORW_SBATCH" ] || words+=($ORW_SBATCH)
    for word in "$@"; do
        case $word in --array=*) array=${word#--array=} ;; esac
    done
    words+=("--output=$out/jobs/%x-$([ -z "$array" ] && echo %j || echo %A_%a).out")
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    words+=("$@")
    if [ $dry = yes ]; then
        printf '%q ' "${words[@]}" | sed 's/ $//'
        echo
        job="<$name>"
    else
        job=$("${words[@]}" 2> "$scratch/error") || die "$name: $(sed 's/^sbatch: error: //' "$scratch/error" | tail -n 1)"
        job=${job%%;*}
        submitted+=("$job")
        printf '%s\t%s\t%s\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$job" "$name" "$after" >> "$out/jobs/submitted.tsv"
    fi
    show "$job${array:+_[$array]}" "$name" "${after:+PENDING (Dependency: $after)}"
}

show() { shown+=("$(printf '%-16s %-36s %s' "$1" "$2" "${3:-PENDING or RUNNING}")"); }

# after ID...: what sbatch waits for.
after() { [ $# -eq 0 ] || (IFS=: && echo "afterok:$*"); }

ranks_of() { # of the experiment whose configuration is in $answer
    local shards
    shards=$(printf '%s\n' "$answer" | sed -n '/^\[parallel\]/,/^\[/s/^shards *= *\([0-9]*\).*/\1/p')
    [ -n "$shards" ] || die "$experiment: no parallel.shards in its configuration, expected a number"
    ranks=$((shards > 0 && shards < ORW_RANKS ? shards : ORW_RANKS))
}

submit_experiment() {
    local experiment=$1 config=experiments/$1/$profile.conf answer answered purpose ranks models runs
    ask "$experiment" --print-config
    [ -n "$answer" ] || die "$experiment: no answer to --print-config, expected its configuration"
    ranks_of
    purpose_of "$experiment"
    ask "$experiment" --runs
    runs=$answer
    if [ -z "$runs" ]; then
        submit_whole "$experiment" "$config"
        return
    fi
    models=$(queued "$purpose:models")
    if [ -n "$models" ]; then
        show "$models" "orw-$profile-$experiment-models" "queued before"
    elif ! complete "$experiment" --stage rewards; then
        submit "$experiment-models" "$purpose:models" "" "$ranks" -- \
            jobs/models.sbatch "$experiment" "$config" "$out" ${options[@]+"${options[@]}"}
        models=$job
    fi
    submit_runs "$experiment" "$config" "$models" "$runs"
    [ -z "$models" ] || upstream+=("$models")
}

# An experiment without a sweep: one job does it all.
submit_whole() {
    local known
    known=$(queued "$purpose:whole")
    if [ -n "$known" ]; then
        show "$known" "orw-$profile-$1" "queued before"
    elif ! complete "$1"; then
        submit "$1" "$purpose:whole" "" "$ranks" -- jobs/runs.sbatch "$1" "$2" "$out" - ${options[@]+"${options[@]}"}
        known=$job
    fi
    [ -z "$known" ] || upstream+=("$known")
}

submit_runs() { # submit_runs EXPERIMENT CONFIG MODELS RUNS
    local experiment=$1 config=$2 models=$3 line known todo=() plan count
    queued_runs > "$scratch/queued"
    while read -r line; do
        known=$(awk -v line="$line" '{ id = $1; sub(/^[^ ]* /, "") } $0 == line { print id; exit }' "$scratch/queued")
        if [ -n "$known" ]; then
            upstream+=("$known")
            continue
        fi
        # Without the models nothing can be complete. The words of a line are options.
        # shellcheck disable=SC2086
        if [ -n "$models" ] || ! complete "$experiment" $line; then todo+=("$line"); fi
    done <<< "$4"
    while read -r known; do
        show "${known}_[...]" "orw-$profile-$experiment-runs" "queued before"
    done < <(cut -d ' ' -f 1 "$scratch/queued" | sort -un)
    count=${#todo[@]}
    [ "$count" -gt 0 ] || return 0
    plan=$out/jobs/$experiment.runs.$(printf '%s\n' "${todo[@]}" | sha256sum | cut -c 1-12)
    if [ $dry = yes ]; then
        printf '# %s:\n' "$plan"
        printf '#   %s\n' "${todo[@]}"
    else
        printf '%s\n' "${todo[@]}" > "$plan.new"
        mv "$plan.new" "$plan"
    fi
    submit "$experiment-runs" "$purpose:runs:$plan" "$(after ${models:+"$models"})" "$ranks" \
        "--array=1-$count${ORW_AT_ONCE:+%$ORW_AT_ONCE}" -- \
        jobs/runs.sbatch "$experiment" "$config" "$out" "$plan" ${options[@]+"${options[@]}"}
    upstream+=("$job")
}

# Drawn anew after anything new. Two never draw at once.
submit_figures() {
    local known waits=''
    known=$(queued "orw:$out:figures")
    if [ -n "$known" ] && [ ${#submitted[@]} -eq 0 ]; then
        show "$known" "orw-$profile-figures" "queued before"
        return
    fi
    if [ ${#upstream[@]} -eq 0 ] && [ -f "$out/report.html" ] &&
        [ -z "$(find -L "$out" -name '*.h5' -newer "$out/report.html" -print -quit)" ]; then
        return
    fi
    if [ ${#upstream[@]} -gt 0 ]; then
        mapfile -t upstream < <(printf '%s\n' "${upstream[@]}" | sort -u -V)
        waits=$(after "${upstream[@]}")
    fi
    [ -z "$known" ] || waits=${waits:+$waits,}afterany:$known
    submit figures "orw:$out:figures" "$waits" 1 -- jobs/figures.sbatch "$profile" "$out"
}

parse_arguments "$@"
check
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ $dry = no ]; then
    mkdir -p "$out/jobs" 2> "$scratch/error" || die "$out: $(head -n 1 "$scratch/error"), expected a folder that can be written"
    [ -w "$out/jobs" ] || die "$out/jobs: not writable, expected a folder that can be written"
    exec 9> "$out/jobs/.lock"
    flock --nonblock 9 || die "$out: another submit.sh is at work there"
fi
out=$(realpath -m "$out")
case $BUILD in /*) ;; *) BUILD=$root/$BUILD ;; esac
read_queue
for experiment in $(experiments); do
    submit_experiment "$experiment"
done
submit_figures
if [ ${#shown[@]} -eq 0 ]; then
    echo "$out: everything is complete, nothing to submit"
else
    echo "squeue --me should show:"
    printf '%s\n' "${shown[@]}"
fi
