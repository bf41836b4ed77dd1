#!/usr/bin/env bash
# rerun-published.sh [DIR] - computes one published number of each experiment again: the first run of α = 0 (its models, its first rounds, by
# the published configuration), stopped after its second evaluation, whose mean reward has to lie inside of what single published runs are
# off by there: t s (1 + 1/n)^½ around their mean. DIR: results/published. Prints a line per experiment; status 1 where one lies outside.
# BUILD: the programs. NP: ranks (default 2). KEEP=DIR keeps the runs there, and goes on with them when it is called again.
set -euo pipefail
export LC_ALL=C
unset CDPATH
called_from=$PWD
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
. scripts/launch.sh
published=$PWD/results/published
[ $# -eq 0 ] || case $1 in /*) published=$1 ;; *) published=$called_from/$1 ;; esac
build=${BUILD:-build}
die() {
    printf 'rerun-published.sh: %s\n' "$*" >&2
    exit 2
}
for profile in paper standard quick smoke none; do [ ! -f "$published/$profile/claims.tsv" ] || break; done
[ "$profile" != none ] || die "$published: nothing published there, expected a folder per profile"
scratch=${KEEP:-$(mktemp -d)}
mkdir -p "$scratch"
job=''
finish() {
    [ -z "$job" ] || kill -TERM "$job" 2> /dev/null || true
    [ -n "${KEEP-}" ] || rm -rf "$scratch"
}
trap finish EXIT
prepare_launcher

# value_at FILE COLUMN ROW: of a table with names.
value_at() {
    awk -F '\t' -v name="$2" -v row="$3" '/^#/ { sub(/^# */, ""); for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
        NF && c && ++n == row { print $c }' "$1"
}
outside=0
for list in "$published/$profile"/figures/data/*/runs.tsv; do
    tables=$(dirname "$list")
    experiment=$(basename "$tables")
    conf=experiments/$experiment/$profile.conf
    [ -f "$conf" ] && [ -x "$build/bin/$experiment" ] || die "$conf, $build/bin/$experiment: missing, expected the experiment and its program"
    seed=$(awk -F '\t' '!/^#/ && $2 == "orw" && $3 == 0 && $5 == "yes" { print $4 }' "$list" | sort -n | head -n 1)
    [ -n "$seed" ] || continue
    name=$(awk -F '\t' -v seed="$seed" '$2 == "orw" && $3 == 0 && $4 == seed && $5 == "yes" { print $1; exit }' "$list")
    round=$(value_at "$tables/runs/$name/evaluation.tsv" round 2)
    awk -F '\t' '!/^#/ && $2 == "orw" && $3 == 0 && $5 == "yes" { print $1 }' "$list" | while IFS= read -r run; do
        value_at "$tables/runs/$run/evaluation.tsv" reward_mean 2
    done > "$scratch/$experiment.published"
    [ -n "$round" ] && [ "$(grep -c . "$scratch/$experiment.published")" -ge 2 ] || continue

    # As long as it was published with: a shorter run could have another rate. A signal ends it at a round's end, with a checkpoint.
    # shellcheck disable=SC2046,SC2086
    ${MPIRUN:-mpirun --bind-to none --oversubscribe} -n "${NP:-2}" "$build/bin/$experiment" "$conf" --out "$scratch" --set sweep.orw=0 --set "sweep.seeds=$seed" \
        $(for key in $("$build/bin/$experiment" "$conf" --print-config | sed -n '/^\[sweep\]/,/^\[/s/^\([a-z_]*\) = .*/\1/p'); do
            case $key in orw | seeds) ;; *) printf -- '--set sweep.%s= ' "$key" ;; esac; done) > "$scratch/$experiment.log" 2>&1 &
    job=$!
    file=$(printf '%s' "$scratch/$experiment/runs/$name/run.h5") value=''
    while [ -z "$value" ]; do
        [ ! -f "$file" ] || "$build/bin/orw" export "$file" evaluation > "$scratch/$experiment.evaluation" 2> /dev/null || true
        value=$(value_at "$scratch/$experiment.evaluation" reward_mean 2 2> /dev/null || true)
        kill -0 $job 2> /dev/null || break
        sleep 1
    done
    kill -USR1 $job 2> /dev/null || true
    wait $job || true
    job=''
    [ -n "$value" ] || die "$experiment: no second evaluation: $(tail -n 1 "$scratch/$experiment.log")"
    awk -v e="$experiment" -v v="$value" -v r="$round" -v p="$profile" '
        BEGIN { split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ") }
        { s += $1; ss[NR] = $1 }
        END { m = s / NR; for (i = 1; i <= NR; i++) q += (ss[i] - m) ^ 2
            h = (NR - 1 in t ? t[NR - 1] : 2) * sqrt(q / (NR - 1) * (1 + 1 / NR)) + 1e-4 * (m < 0 ? -m : m)
            in_it = v >= m - h && v <= m + h
            printf "%s\tmean reward after %d rounds, alpha=0\t%.4g\tpublished %.4g, single runs %.4g to %.4g\t%s\n", e, r, v, m, m - h, m + h, in_it ? "inside" : "outside"
            exit !in_it }' "$scratch/$experiment.published" || outside=1
done
exit $outside
