#!/usr/bin/env bash
# reproduce.sh - from a fresh clone to the figures and the report. `./reproduce.sh --help` says what it does.
#
# One function per stage, in the order in which they run. A stage looks at what is there and does the rest, so that calling it
# again costs seconds. scripts/needs.sh knows what must be installed, analysis/figures.sh draws.
set -euo pipefail
export LC_ALL=C # decimal points, one order of names

# Whoever asks us to stop may do so at once.
signals=0
trap signals=1 TERM USR1

# Numbers have points and lists one order, whatever the caller's language; text stays in it.
[ -z "${LC_ALL:-}" ] || export LANG="$LC_ALL"
unset LC_ALL CDPATH
export LC_NUMERIC=C LC_COLLATE=C

called_from=$PWD
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
. scripts/needs.sh
. scripts/attend.sh
. scripts/launch.sh
. scripts/abreast.sh

BUILD=${BUILD:-build}
stages=()
profile=quick
np=''
only=''
out=$PWD/results/ # the profile's folder in it
yes=no
replaced=no
quiet=no
verbose=no
options=() # for the experiments' programs

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
  verify     compute every published verdict again from the tables in results/published
  clean      remove what was built and drawn; run files stay. With --replaced: list and remove the results of other settings instead,
             which runs have moved aside to DIR.replaced-N

Options
  --profile NAME   smoke | quick | standard | paper (default quick)
  --np N           MPI ranks (default: all cores); never more than an experiment has shards; results do not depend on it. A sweep of as
                   many runs or more is run side by side, each on one
  --only NAME      one experiment, a folder of experiments/
  --out DIR        where results go (default results/PROFILE)
  --set KEY=VALUE  override a configuration key of every experiment that is run; may be repeated
  -q, --quiet      no progress: stages, warnings, errors, where the results are
  -v, --verbose    each command; a line of progress every five seconds
  --yes            do not ask before installing
  --help           this text

SIGTERM and SIGUSR1 stop a run at the end of its round, with a checkpoint, and whatever else is under way at once; exit status 75
where something is left to do, and the same command goes on.

Environment
  BUILD            folder of the build (default build)
  MPIRUN           launcher, called as `$MPIRUN -n N PROGRAM ...` (default: mpirun with fitting options)
  OMPI_MCA_...     settings of Open MPI; ours give way to them
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
            --help | -h) usage || exit 2; exit 0 ;;
            --yes) yes=yes; continue ;;
            --replaced) replaced=yes; continue ;;
            --quiet | -q) quiet=yes; options+=(--quiet); continue ;;
            --verbose | -v) options+=(--verbose); verbose=yes; continue ;;
            --*=*) value=${argument#*=}; argument=${argument%%=*} ;;
            --profile | --np | --only | --out | --set)
                [ $# -gt 0 ] || die "$argument: found no value, expected one (see --help)"
                value=$1
                shift ;;
            -*) die "unknown option $argument: expected --profile, --np, --only, --out, --set, --quiet, --verbose, --yes or --help" ;;
            setup | build | data | run | figures | all | check | verify | clean) stages+=("$argument"); continue ;;
            *) die "unknown stage $argument: expected setup, build, data, run, figures, all, check, verify or clean" ;;
        esac
        case $argument in
            --profile) profile=$value ;;
            --np) np=$value ;;
            --only) only=$value ;;
            --out) out=$value ;;
            --set) options+=(--set "$value") ;;
            *) die "unknown option $argument: expected --profile, --np, --only, --out, --set, --quiet, --verbose, --yes or --help" ;;
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
        "$PWD/results/") out=$out$profile ;;
        '') die "--out: found '', expected a folder" ;;
        *[[:cntrl:]]*) die "--out: found a line break or another control character in it, expected a name without" ;;
        /*) ;;
        *) out=$called_from/$out ;;
    esac
    out=$(realpath -m "$out") # the folder itself: find does not follow a link to it
}

# The experiments that have the profile, or the one that --only names; first what is most worth looking at, and short.
experiments() {
    local conf
    if [ -n "${only:-}" ] && [ -f "experiments/$only/$profile.conf" ]; then
        printf '%s\n' "$only"
        return
    fi
    for conf in experiments/{target_image,theory}/"$profile".conf experiments/*/"$profile".conf; do
        # A profile that begins with "# By request" runs under --only alone.
        if [ -f "$conf" ] && ! head -n 1 "$conf" | grep -q '^# By request'; then basename "$(dirname "$conf")"; fi
    done | awk '!seen[$0]++'
}

# ---------------------------------------------------------------- time

current='' # the stage under way, for the record that an interruption leaves
current_ranks=1
started=''
outcome=''

# Of the machine, or as many of them as this job may use; nproc alone obeys OMP_NUM_THREADS, which is about something else.
cores() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }
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

# What everything that was asked for takes from nothing.
say_total() {
    local stage names=() total
    for stage in "${stages[@]}"; do
        case $stage in
            # shellcheck disable=SC2207
            all) names+=(setup build data $(experiments | sed 's,^,run/,') figures) ;;
            # shellcheck disable=SC2207
            run) names+=($(experiments | sed 's,^,run/,')) ;;
        esac
    done
    [ ${#names[@]} -gt 0 ] || return 0
    total=$(for stage in "${names[@]}"; do expected "$stage" "${np:-$(cores)}"; done |
        awk '$1 != "unknown" { sum += $1 } END { printf "%.0f", sum }')
    [ "$total" -eq 0 ] || printf 'profile %s on %s ranks: about %s in all (scripts/expected-times.tsv), less for what is already there\n' \
        "$profile" "${np:-$(cores)}" "$(human "$total")"
}

begin() { # begin STAGE RANKS
    local seconds
    go_on
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
    case $current in check | verify | clean) ;; *) mkdir -p "$out" 2> /dev/null || true ;; esac
    if [ -w "$out" ]; then
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
    fi
    [ "$status" -le 2 ] || printf 'reproduce.sh: stopped; the same command goes on where it was\n' >&2
    exit "$status"
}

# A signal stops us before whatever would come next.
go_on() { [ $signals -eq 0 ] || exit 75; }

# A digest of names, sizes and times below some folders: equal before and after means that nothing was done.
state_of() { { find -L "$@" -type f -printf '%p %s %T@\n' 2> /dev/null || true; } | sort | sha256sum; }

# ---------------------------------------------------------------- stages

stage_setup() {
    begin setup 1
    needs_install "$yes"
    finish
}

stage_build() {
    local before
    begin build "$(cores)"
    mkdir -p "$BUILD" 2> /dev/null || true
    if [ -w "$BUILD" ]; then
        before=$(state_of "$BUILD")
        attend TERM make --no-print-directory -j "$(cores)" BUILD="$BUILD" CFLAGS_EXTRA="$(compiler_flags)" build
        [ "$before" != "$(state_of "$BUILD")" ] || outcome="up to date"
    elif [ -x "$BUILD/bin/orw" ]; then
        outcome="as its owner built it" # an installation for many
    else
        die "$BUILD: cannot be written, expected the programs in it or BUILD=DIR, a folder of yours, in the environment"
    fi
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
    check_settings # now they are built
    for experiment in $(experiments); do
        run_experiment "$experiment"
        # Where figures are asked for, they are drawn as each experiment ends, and the report grows.
        case " ${stages[*]} " in *" all "* | *" figures "*) [ "$outcome" = "up to date" ] || stage_figures "$experiment" ;; esac
    done
}

# What one of the programs would refuse is refused before any has begun.
check_settings() {
    local experiment said
    [ ${#options[@]} -gt 0 ] || return 0
    for experiment in $(experiments); do
        [ -x "$BUILD/bin/$experiment" ] || continue # said later
        said=$("$BUILD/bin/$experiment" "experiments/$experiment/$profile.conf" ${options[@]+"${options[@]}"} --print-config 2>&1 > /dev/null) ||
            die "$experiment: $(sed 's/^orw: error: //' <<< "$said" | head -n 1) (--only NAME runs one experiment)"
    done
}

run_experiment() {
    local name=$1 program=$BUILD/bin/$1 conf=experiments/$1/$profile.conf before ranks status=0
    [ -x "$program" ] || die "$program: missing, expected it built (./reproduce.sh build)"
    need_out
    ranks=$(ranks_for "$program" "$conf")
    [ "${np:-$ranks}" = "$ranks" ] || printf 'run/%s: on %s ranks, as many as it has shards\n' "$name" "$ranks"
    begin "run/$name" "$ranks"
    before=$(state_of "$out/$name")
    make_results || status=$?
    if [ $status -eq 1 ] || [ $signals -gt 0 ]; then
        # Status 1: something that the program checks does not hold, and the report shows what; or the launcher failed.
        if "$program" "$conf" ${options[@]+"${options[@]}"} --out "$out" --complete > /dev/null; then
            [ $signals -gt 0 ] || echo "$name: a check failed, see the rows above and the report"
            status=0
        else
            [ $signals -eq 0 ] || exit 75
            echo "reproduce.sh: $program failed" >&2
        fi
    fi
    # Status 75: a signal stopped it, with a checkpoint; whoever called us may want to know.
    [ $status -eq 0 ] || exit $status
    [ "$before" != "$(state_of "$out/$name")" ] || outcome="up to date"
    finish
}

# Of run_experiment: models by all ranks, then as many runs at once as there are ranks, where there are as many; else all by all ranks.
make_results() {
    local runs='' command=("$program" "$conf" ${options[@]+"${options[@]}"} --out "$out")
    if [ "$ranks" -gt 1 ] && [ -z "${MPIRUN:-}" ]; then
        runs=$("${command[@]}" --runs 2> /dev/null) || runs=''
    fi
    if [ "$(grep -c . <<< "$runs")" -lt "$ranks" ]; then
        launch "$ranks" "${command[@]}"
        return
    fi
    launch "$ranks" "${command[@]}" --stage rewards || return
    ORW_TERMINAL='' through cat abreast "$ranks" "$runs" "${command[@]}" --shared || return
    [ "$quiet" = yes ] || printf '%s/%s: complete; the results are there\n' "$out" "$name"
}

need_out() {
    if ! mkdir -p "$out" 2> /dev/null || [ ! -w "$out" ]; then
        die "--out: '$out' cannot be written, expected a folder that can"
    fi
}

# --np, or all cores; but not more ranks than the configuration has shards.
ranks_for() {
    local program=$1 conf=$2 most=${np:-$(cores)} shards
    shards=$("$program" "$conf" ${options[@]+"${options[@]}"} --print-config 2> /dev/null | sed -n 's/^[a-z_.]*shards *= *\([0-9][0-9]*\).*/\1/p' | sort -n | head -n 1)
    [ -n "$shards" ] || die "$program $conf --print-config: no answer with the number of shards, expected it to start"
    awk -v most="$most" -v shards="$shards" 'BEGIN { print most < shards ? most : shards }'
}

# A second SIGTERM is for those who do not want to wait for the end of the round.
terms=0
terminated() {
    terms=$((terms + 1))
    asked_to_stop
    [ "$terms" -le 1 ] || [ -z "$attended" ] || kill -s TERM -- "$attended" 2> /dev/null || true
}

# Ctrl-C goes to mpirun as well, which ends its ranks; what attend keeps in a process group of its own does not see it.
interrupted_by_hand() {
    # Runs side by side are started where Ctrl-C does not reach them.
    [ -z "$attended" ] || kill -s TERM -- "$attended" 2> /dev/null || true
    exit 130
}

# Everything that the figures depend on; those that are still as drawn from it are kept.
figures_inputs() {
    {
        find -L "$out" -path "$out/figures" -prune -o \( -name run.h5 -o -name final.h5 -o -name evaluation.h5 \) -print
        find analysis -type f
        printf '%s\n' "$BUILD/bin/orw"
    } | sort | xargs -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1
}

drawn=' ' # the experiments whose figures this process has drawn as they ended

# stage_figures [EXPERIMENT]: all that are there, or those of one that has ended, and the report.
stage_figures() {
    [ -x "$BUILD/bin/orw" ] || die "$BUILD/bin/orw: missing, expected it built (./reproduce.sh build)"
    [ -d "$out" ] || die "$out: missing, expected the results of a run (./reproduce.sh run --profile $profile)"
    need_out
    begin figures 1
    exec 4> "$out/.figures.lock"
    if command -v flock > /dev/null && ! flock --nonblock 4; then
        echo "figures: others draw in $out; waiting for them"
        attend TERM flock 4 || go_on # without locks: at one's own risk
    fi
    if are_drawn; then
        outcome="up to date"
    elif [ $# -gt 0 ]; then
        attend TERM draw "$1/"
        drawn="$drawn$1 "
    elif are_drawn_now; then
        attend TERM stamp
    else
        attend TERM draw
    fi
    exec 4>&-
    finish
    printf 'report: %s\n' "$out/report.html"
}

are_drawn() {
    inputs=$(figures_inputs)
    [ "$inputs" = "$(head -n 1 "$out/figures/stamp" 2> /dev/null)" ] && (cd "$out" && tail -n +2 figures/stamp | sha256sum --check --status)
}

# Whether this process has drawn all there is to draw; one that has drawn nothing has the report's folder to make.
are_drawn_now() {
    local name
    [ "$drawn" != ' ' ] || return 1
    for name in analysis/*/figures.sh; do
        name=$(basename "$(dirname "$name")")
        case "$drawn" in *" $name "*) ;; *) [ ! -d "$out/$name" ] || return 1 ;; esac
    done
}

draw() { # draw [EXPERIMENT/]
    local hidden='^$' # lines that are not shown
    [ "$quiet" = no ] || hidden='^figures: drawn'
    ORW=$BUILD/bin/orw analysis/figures.sh "$out" "$profile" "$@" | { grep -v "$hidden" || true; }
    if [ $# -gt 0 ]; then report; else stamp; fi
}

report() { analysis/report.pl --out "$out" --profile "$profile"; }

stamp() {
    report
    cd "$out"
    {
        printf '%s\n' "$inputs"
        find figures report.html claims.tsv -type f ! -path 'figures/stamp*' | sort | xargs -d '\n' sha256sum
    } > figures/stamp.new
    mv figures/stamp.new figures/stamp
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
    begin check "$(cores)"
    attend TERM make --no-print-directory -j "$(cores)" BUILD="$BUILD" CFLAGS_EXTRA="$(compiler_flags)" check
    finish
}

stage_verify() {
    begin verify 1
    attend TERM scripts/verify-published.sh
    finish
}

# What runs of other settings were moved to; none of them while a program is at work there.
clean_replaced() {
    local folder lock name count=0
    for folder in "$out"/*/; do
        name=$(basename "$folder")
        [ -d "$folder" ] && [ -d "experiments/$name" ] || continue # what others keep there is theirs
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

trap interrupted EXIT
trap interrupted_by_hand INT
trap terminated TERM
trap asked_to_stop USR1
parse_arguments "$@"
prepare_launcher
case " ${stages[*]} " in
    *" all "*) need_out ;;
    *" run "*)
        need_out
        case " ${stages[*]} " in *" build "*) ;; *) check_settings ;; esac ;;
esac
say_total
for stage in "${stages[@]}"; do
    "stage_$stage"
done
