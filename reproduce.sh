#!/usr/bin/env bash
# reproduce.sh - from a fresh clone to the figures and the report. `./reproduce.sh --help` says what it does.
#
# One function per stage, in the order in which they run. A stage looks at what is there and does the rest, so that calling it
# again costs seconds. scripts/needs.sh knows what must be installed, analysis/figures.sh draws.
set -euo pipefail

called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/needs.sh

BUILD=${BUILD:-build}
stages=()
profile=quick
np=''
only=''
out=''
yes=no
replaced=no

usage() {
    cat <<'END'
Usage: ./reproduce.sh [STAGE...] [OPTION...]

Stages (none named: all)
  setup      install what is missing (apt as root or through sudo; elsewhere: list it and stop)
  build      compile the library, the tool and the experiments
  data       verify the data sets' checksums
  run        run the experiments of the profile; skips complete runs, continues interrupted ones
  figures    export the tables, draw the figures, write report.html and claims.tsv
  all        setup, build, data, run, figures
  check      setup, then the tests (with CI=true in the environment warnings are errors)
  clean      remove what was built and drawn; run files stay. With --replaced: list and remove the results of other settings instead,
             which runs have moved aside to DIR.replaced-N

Options
  --profile NAME   smoke | quick | standard | paper (default quick)
  --np N           MPI ranks (default: all cores, as far as the experiment has shards); results do not depend on it
  --only NAME      one experiment, a folder of experiments/
  --out DIR        where results go (default results/PROFILE)
  --yes            do not ask before installing
  --help           this text

SIGTERM and SIGUSR1 stop a run at the end of its round, with a checkpoint; exit status 75, and the same command goes on.

Environment
  BUILD            folder of the build (default build)
  MPIRUN           launcher, called as `$MPIRUN -n N PROGRAM ...` (default: mpirun with fitting options)
END
}

die() {
    printf 'reproduce.sh: %s\n' "$*" >&2
    exit 2
}

# ---------------------------------------------------------------- arguments

parse_arguments() {
    local argument value
    while [ $# -gt 0 ]; do
        argument=$1
        shift
        case $argument in
            --help | -h) usage; exit 0 ;;
            --yes) yes=yes; continue ;;
            --replaced) replaced=yes; continue ;;
            --*=*) value=${argument#*=}; argument=${argument%%=*} ;;
            --profile | --np | --only | --out)
                [ $# -gt 0 ] || die "$argument: found no value, expected one (see --help)"
                value=$1
                shift ;;
            -*) die "unknown option $argument: expected --profile, --np, --only, --out, --yes or --help" ;;
            setup | build | data | run | figures | all | check | clean) stages+=("$argument"); continue ;;
            *) die "unknown stage $argument: expected setup, build, data, run, figures, all, check or clean" ;;
        esac
        case $argument in
            --profile) profile=$value ;;
            --np) np=$value ;;
            --only) only=$value ;;
            --out) out=$value ;;
            *) die "unknown option $argument: expected --profile, --np, --only, --out, --yes or --help" ;;
        esac
    done
    [ ${#stages[@]} -gt 0 ] || stages=(all)
    if [ "$replaced" = yes ] && [ "${stages[*]}" != clean ]; then die "--replaced: found without the stage clean alone"; fi
    case $profile in
        smoke | quick | standard | paper) ;;
        *) die "--profile: found '$profile', expected smoke, quick, standard or paper" ;;
    esac
    case $np in
        '') ;;
        *[!0-9]* | 0*) die "--np: found '$np', expected a whole number from 1 up" ;;
    esac
    if [ -n "$only" ] && [ ! -f "experiments/$only/$profile.conf" ]; then
        die "--only: found '$only', expected one of: $(experiments | paste -sd ' ')"
    fi
    case $out in
        '') out=$PWD/results/$profile ;;
        /*) ;;
        *) out=$called_from/$out ;;
    esac
}

# The experiments that have the profile, or the one that --only names.
experiments() {
    local conf
    if [ -n "${only:-}" ] && [ -f "experiments/$only/$profile.conf" ]; then
        printf '%s\n' "$only"
        return
    fi
    for conf in experiments/*/"$profile".conf; do
        if [ -f "$conf" ]; then basename "$(dirname "$conf")"; fi
    done
}

# ---------------------------------------------------------------- time

current='' # the stage under way, for the record that an interruption leaves
current_ranks=1
started=''
outcome=''

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
human() {
    awk -v s="$1" 'BEGIN {
        if (s < 90) printf "%.0f s", s; else if (s < 5400) printf "%.0f min", s / 60; else if (s < 172800) printf "%.1f h", s / 3600;
        else printf "%.0f days", s / 86400 }'
}

# Seconds that scripts/expected-times.tsv gives for a stage, scaled from the cores it was measured on to ours.
expected() {
    awk -v stage="$1" -v profile="$profile" -v np="$2" '
        !/^#/ && $1 == stage && ($2 == profile || $2 == "any") {
            found = 1
            print ($4 > 0 ? $3 * $4 / np : $3)
            exit
        }
        END { if (!found) print "unknown" }' scripts/expected-times.tsv
}

begin() { # begin STAGE RANKS
    local seconds
    current=$1
    current_ranks=$2
    started=$(now)
    outcome="done"
    seconds=$(expected "$1" "$2")
    if [ "$seconds" = unknown ]; then
        printf '== %s\n' "$1"
    else
        printf '== %s: about %s, less for what is already there\n' "$1" "$(human "$seconds")"
    fi
}

# Prints what the stage took and appends it to times.tsv (which the report shows).
finish() {
    local seconds
    seconds=$(since "$started")
    printf '== %s: %s, %s s\n' "$current" "$outcome" "$seconds"
    case $current in check | clean) ;; *) mkdir -p "$out" 2> /dev/null || true ;; esac
    if [ -d "$out" ]; then
        [ -f "$out/times.tsv" ] || printf '# when\tstage\tprofile\tranks\tseconds\toutcome\n' > "$out/times.tsv"
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$current" "$profile" "$current_ranks" "$seconds" \
            "$outcome" >> "$out/times.tsv"
    fi
    current=''
}

interrupted() {
    local status=$?
    if [ -n "$current" ]; then
        outcome=stopped
        finish
        [ "$status" -le 2 ] || printf 'reproduce.sh: stopped; the same command goes on where it was\n' >&2
    fi
    exit "$status"
}

# A digest of names, sizes and times below some folders: equal before and after means that nothing was done.
state_of() { { find "$@" -type f -printf '%p %s %T@\n' 2> /dev/null || true; } | sort | sha256sum; }

# ---------------------------------------------------------------- stages

stage_setup() {
    begin setup 1
    needs_install "$yes"
    finish
}

stage_build() {
    local before
    begin build "$(nproc)"
    before=$(state_of "$BUILD")
    make --no-print-directory -j "$(nproc)" BUILD="$BUILD" CFLAGS_EXTRA="$(compiler_flags)" build
    [ "$before" != "$(state_of "$BUILD")" ] || outcome="up to date"
    finish
}

compiler_flags() {
    if [ "${CI:-}" = true ]; then printf '%s' "-Werror ${CFLAGS_EXTRA:-}"; else printf '%s' "${CFLAGS_EXTRA:-}"; fi
}

stage_data() {
    local bad
    begin data 1
    [ -f data/SHA256SUMS ] || die "data/SHA256SUMS: missing, expected the checksums that come with the source"
    if ! bad=$(cd data && sha256sum --check --quiet SHA256SUMS 2>&1); then
        die "data/SHA256SUMS: $(printf '%s' "$bad" | head -n 1); expected every file as listed (git checkout data restores them)"
    fi
    printf '%s files as listed in data/SHA256SUMS\n' "$(grep -c . data/SHA256SUMS)"
    outcome="verified"
    finish
}

# The programs know what is complete, what was interrupted and what was made with other settings.
stage_run() {
    local experiment
    [ -n "$(experiments)" ] || die "experiments/*/$profile.conf: none found, expected at least one"
    for experiment in $(experiments); do
        run_experiment "$experiment"
    done
}

run_experiment() {
    local name=$1 program=$BUILD/bin/$1 conf=experiments/$1/$profile.conf before ranks status=0
    [ -x "$program" ] || die "$program: missing, expected it built (./reproduce.sh build)"
    mkdir -p "$out" || die "--out: cannot make '$out'"
    ranks=$(ranks_for "$program" "$conf")
    begin "run/$name" "$ranks"
    before=$(state_of "$out/$name")
    launch "$ranks" "$program" "$conf" --out "$out" || status=$?
    # Status 75: a signal stopped it, with a checkpoint; whoever called us may want to know.
    [ $status -le 1 ] || exit $status
    # Status 1: something that the program checks does not hold, and the report shows what; or the launcher failed.
    if [ $status -eq 1 ]; then
        launch 1 "$program" "$conf" --out "$out" --complete > /dev/null || { echo "reproduce.sh: $program failed" >&2; exit 1; }
        echo "$name: a check failed, see the rows above and the report"
    elif [ "$before" = "$(state_of "$out/$name")" ]; then
        outcome="up to date"
    fi
    finish
    # A signal that came when the work was done stops what would come next.
    [ $signals -eq 0 ] || exit 75
}

# --np as given; else all cores, but not more ranks than the configuration has shards.
ranks_for() {
    local program=$1 conf=$2 shards
    if [ -n "$np" ]; then
        printf '%s' "$np"
        return
    fi
    shards=$("$program" "$conf" --print-config 2> /dev/null | sed -n 's/^[a-z_.]*shards *= *\([0-9][0-9]*\).*/\1/p' | sort -n | head -n 1)
    awk -v cores="$(nproc)" -v shards="${shards:-$(nproc)}" 'BEGIN { print cores < shards ? cores : shards }'
}

# Ranks are not bound to cores: several jobs on one machine would all be bound to its first ones.
launch() { # launch RANKS PROGRAM ARGUMENT...
    local ranks=$1 options=()
    shift
    if [ -n "${MPIRUN:-}" ]; then
        # shellcheck disable=SC2086
        attend $MPIRUN -n "$ranks" "$@"
        return
    fi
    if mpirun --version 2>&1 | grep -q 'Open MPI'; then
        # Open MPI counts cores where nproc counts hardware threads.
        options=(--bind-to none --oversubscribe)
    fi
    attend mpirun -n "$ranks" ${options[@]+"${options[@]}"} "$@"
}

# Runs a launcher and passes SIGTERM and SIGUSR1 on to it, both as SIGUSR1: mpirun hands that to its ranks, while on SIGTERM it kills
# them a second later. A second SIGTERM is passed on as it is.
attended=''
signals=0
terms=0
attend() {
    local status
    "$@" &
    attended=$!
    while :; do
        status=0
        wait "$attended" || status=$?
        kill -0 "$attended" 2> /dev/null || break # else a signal of ours ended the waiting
    done
    attended=''
    return "$status"
}

asked_to_stop() {
    signals=$((signals + 1))
    if [ "$1" = TERM ]; then terms=$((terms + 1)); fi
    if [ -z "$attended" ]; then
        [ "$1" = USR1 ] || exit 143
    elif [ "$terms" -gt 1 ]; then
        kill -TERM "$attended" 2> /dev/null || true
    else
        kill -USR1 "$attended" 2> /dev/null || true
    fi
}

# Everything that the figures depend on; those that are still as drawn from it are kept.
figures_inputs() {
    {
        find "$out" -path "$out/figures" -prune -o \( -name run.h5 -o -name final.h5 -o -name evaluation.h5 \) -print
        find analysis -type f
        printf '%s\n' "$BUILD/bin/orw"
    } | sort | xargs -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1
}

stage_figures() {
    local inputs stamp=$out/figures/stamp
    [ -x "$BUILD/bin/orw" ] || die "$BUILD/bin/orw: missing, expected it built (./reproduce.sh build)"
    [ -d "$out" ] || die "$out: missing, expected the results of a run (./reproduce.sh run --profile $profile)"
    begin figures 1
    inputs=$(figures_inputs)
    if [ "$inputs" = "$(head -n 1 "$stamp" 2> /dev/null)" ] && (cd "$out" && tail -n +2 figures/stamp | sha256sum --check --status); then
        outcome="up to date"
    else
        ORW=$BUILD/bin/orw analysis/figures.sh "$out" "$profile"
        analysis/report.pl --out "$out" --profile "$profile"
        (
            cd "$out"
            printf '%s\n' "$inputs"
            find figures report.html claims.tsv -type f ! -path 'figures/stamp*' | sort | xargs -d '\n' sha256sum
        ) > "$stamp.new"
        mv "$stamp.new" "$stamp"
    fi
    finish
    printf 'report: %s\n' "$out/report.html"
}

stage_all() {
    stage_setup
    stage_build
    stage_data
    stage_run
    stage_figures
}

stage_check() {
    stage_setup
    begin check "$(nproc)"
    make --no-print-directory -j "$(nproc)" BUILD="$BUILD" CFLAGS_EXTRA="$(compiler_flags)" check
    finish
}

# What runs of other settings were moved to; none of them while a program is at work there.
clean_replaced() {
    local folder lock name count=0
    for folder in "$out"/*/; do
        name=$(basename "$folder")
        [ -z "$only" ] || [ "$only" = "$name" ] || continue
        exec {lock}<> "$folder/.lock" || die "$folder: cannot be written"
        flock -n "$lock" || die "$folder: a program is at work there; expected it to have ended"
        while IFS= read -r -d '' found; do
            printf 'removed %s (%s)\n' "$found" "$(du -sh "$found" | cut -f 1)"
            rm -rf "$found"
            count=$((count + 1))
        done < <(find "$folder" -type d -regex '.*\.replaced-[0-9]+' -prune -print0 | sort -z)
        exec {lock}>&-
    done
    printf '%s results of other settings removed from %s\n' "$count" "$out"
}

stage_clean() {
    if [ "$replaced" = yes ]; then
        [ -d "$out" ] || die "$out: missing, expected the results of a run"
        clean_replaced
        return
    fi
    begin clean 1
    make --no-print-directory BUILD="$BUILD" clean
    rm -rf "$out/figures" "$out/report.html" "$out/claims.tsv"
    finish
    if [ -d "$out" ]; then printf 'run files stay in %s; remove that folder yourself to start from nothing\n' "$out"; fi
}

parse_arguments "$@"
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
trap interrupted EXIT
trap 'exit 130' INT
trap 'asked_to_stop TERM' TERM
trap 'asked_to_stop USR1' USR1
for stage in "${stages[@]}"; do
    "stage_$stage"
done
