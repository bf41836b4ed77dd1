#!/usr/bin/env bash
# publish-results.sh RESULTS_DIR [--profile NAME] [--thin N] [--samples N] [--to DIR] - puts the evidence of a folder of results (as
# ./reproduce.sh fills it) into results/published/PROFILE: the table of claims, figures (SVG, PNG), the tables behind them,
# configuration and provenance of every run, times, and the final samples of one seed per setting as sheets without loss. Everything
# together stays below 25 MB, or nothing is changed. What is left out is said.
#
#   --profile NAME   whose results these are (default: the one that times.tsv names)
#   --thin N         of metrics and timing, which have a row per round, every Nth row and the last (default 1: all)
#   --samples N      final samples of each setting (default 256)
#   --to DIR         in place of results/published
#
# Verdicts are computed from the tables as they are published, so that ./reproduce.sh verify can compute them again. BUILD: the programs.
set -euo pipefail
export LC_ALL=C
unset CDPATH
called_from=$PWD
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

most=$((25 * 1000 * 1000))
results='' profile='' thin=1 samples=256 to=$PWD/results/published
die() {
    printf 'publish-results.sh: %s\n' "$*" >&2
    exit 2
}
say() { printf 'publish: %s\n' "$*"; }
number() { case $2 in '' | *[!0-9]* | 0* | ???????*) die "$1: found '$2', expected a whole number from 1 up" ;; esac; }
while [ $# -gt 0 ]; do
    case $1 in
        --profile | --thin | --samples | --to)
            [ $# -gt 1 ] || die "$1: found no value, expected one"
            case $1 in --profile) profile=$2 ;; --thin) thin=$2 ;; --samples) samples=$2 ;; --to) to=$2 ;; esac
            shift 2 ;;
        -*) die "unknown option $1: expected --profile, --thin, --samples or --to" ;;
        *) [ -z "$results" ] || die "found '$1' as well, expected one RESULTS_DIR"; results=$1; shift ;;
    esac
done
number --thin "$thin"
number --samples "$samples"
case $to in /*) ;; *) to=$called_from/$to ;; esac
[ -n "$results" ] || die "found no RESULTS_DIR, expected the folder of a run (results/standard)"
results=$(cd "$called_from" && cd "$results" 2> /dev/null && pwd -P) || die "$results: no such folder, expected the results of a run"
[ -f "$results/times.tsv" ] || die "$results: no times.tsv in it, expected the results of ./reproduce.sh"
[ -n "$profile" ] || profile=$(awk -F '\t' '!/^#/ && NF { print $3 }' "$results/times.tsv" | sort -u)
case $profile in
    smoke | quick | standard | paper) ;;
    *) die "$results/times.tsv: found profiles '$(printf '%s' "$profile" | tr '\n' ' ')', expected one of smoke, quick, standard, paper; or --profile" ;;
esac
orw=${BUILD:-build}/bin/orw
case $orw in /*) ;; *) orw=$PWD/$orw ;; esac
[ -x "$orw" ] || die "$orw: missing, expected it built (make build)"
[ -f "$results/figures/stamp" ] && [ -f "$results/claims.tsv" ] || die "$results: no figures in it, expected them drawn (./reproduce.sh figures --profile $profile --out $results)"

mkdir -p "$to"
stage=$to/.$profile.partial
rm -rf "$stage"
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage"

# Tables and figures, file by file: what has a name that no figure has, or is of a kind that is not published, stays.
publish_file() { # publish_file RELATIVE
    local from=$results/figures/$1 at=$stage/figures/$1
    mkdir -p "$(dirname "$at")"
    case $1 in
        */runs/*/metrics.tsv | */runs/*/timing.tsv)
            awk -v thin="$thin" '/^#/ || n++ % thin == 0 { print; last = 1; next } { keep = $0; last = 0 } END { if (!last && n) print keep }' "$from" > "$at" ;;
        *) cp "$from" "$at" ;;
    esac
}
left=0
while IFS= read -r -d '' file; do
    relative=${file#"$results/figures/"}
    case $relative in
        *[!A-Za-z0-9_./+-]*) say "left out: a file with a strange name, $(printf '%q' "$relative")" ;;
        stamp | */health/* | */health.gp | */weights.tsv | *.pdf | *-1column.svg) left=$((left + 1)) ;;
        *.svg | *.png | *.about | *.tsv | *.gp | data/*/skipped.txt) publish_file "$relative" ;;
        *) say "left out: $relative, no figure and no table" ;;
    esac
done < <(find "$results/figures" -type f -print0 | sort -z)
say "left out: $left files that can be drawn again (pages on how training went, PDF, one-column pages)"
[ "$thin" -eq 1 ] || say "metrics and timing: every ${thin}th row and the last"
cp "$results/times.tsv" "$stage/times.tsv"

# Runs that do not count are said; they are not in the tables of claims.
for list in "$stage"/figures/data/*/runs.tsv; do
    [ -f "$list" ] || continue
    experiment=$(basename "$(dirname "$list")")
    awk -F '\t' -v e="$experiment" '!/^#/ && $5 != "yes" { print "publish: " e "/" $1 " is not complete: it does not count" }' "$list"
    [ ! -s "${list%/*}/skipped.txt" ] || sed "s,^,publish: $experiment: ," "${list%/*}/skipped.txt"
    # The final samples of the base model and of one seed of each setting.
    mkdir -p "$stage/samples/$experiment"
    { printf 'base\n'; awk -F '\t' '!/^#/ && $5 == "yes" { print $2 "\t" $3 "\t" $4 "\t" $1 }' "$list" | sort -t "$(printf '\t')" -k1,1 -k2,2g -k3,3g \
        | awk -F '\t' '!seen[$1 "|" $2]++ { print $4 }'; } | while IFS= read -r run; do
        final=$results/$experiment/runs/$run/samples/final.h5
        if [ ! -f "$final" ] || ! reason=$("$orw" grid "$final" "$stage/samples/$experiment/$run.png" --count "$samples" --columns 16 --scale 1 2>&1 > /dev/null); then
            say "no samples of $experiment/$run: ${reason:-no $final}"
        fi
    done
done

analysis/report.pl --out "$stage" --profile "$profile" --published none
rm "$stage/report.html"
if ! cmp -s "$results/claims.tsv" "$stage/claims.tsv"; then
    [ "$(cut -f 1-11 "$results/claims.tsv")" = "$(cut -f 1-11 "$stage/claims.tsv")" ] \
        || say "verdicts computed from the published tables differ from $results/claims.tsv; the published ones are those of the published tables"
fi

# All together within its size, before anything is put in its place.
size=$( (find "$stage" -type f -printf '%s\n'; find "$to" -type f ! -path "$stage/*" ! -path "$to/$profile/*" -printf '%s\n') | awk '{ s += $1 } END { print s + 0 }')
if [ "$size" -gt $most ]; then
    largest=$(cd "$stage" && find . -type f -printf '%s %h\n' | awk '{ s[$2] += $1 } END { for (d in s) printf "%d %s\n", s[d], d }' | sort -rn | head -n 3 \
        | awk '{ printf "%s%s %.1f MB", (NR > 1 ? ", " : ""), $2, $1 / 1e6 }')
    die "$to: $size bytes, expected at most $most; largest: $largest (--thin, --samples)"
fi
rm -rf "${to:?}/$profile"
mv "$stage" "$to/$profile"
analysis/published.pl "$to" > "$to/README.md.partial"
mv "$to/README.md.partial" "$to/README.md"
(cd "$to" && find . -type f ! -name SHA256SUMS ! -name .SHA256SUMS.partial | sort | sed 's,^\./,,' | xargs -d '\n' sha256sum > .SHA256SUMS.partial && mv .SHA256SUMS.partial SHA256SUMS)
say "$to/$profile: $(awk -F '\t' '$2 == "the whole claim" && $9 != "not tested"' "$to/$profile/claims.tsv" | grep -c .) claims judged, $(awk -v s="$size" 'BEGIN { printf "%.1f", s / 1e6 }') MB in all"
