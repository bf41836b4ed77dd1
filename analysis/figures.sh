#!/usr/bin/env bash
# figures.sh OUT PROFILE [EXPERIMENT/[NAME]] - exports the tables of every experiment under OUT and draws its figures into OUT/figures; or
# of one experiment, all or one. What is not there yet is skipped with a line. ORW names the tool (default build/bin/orw, or the one that is installed with this).
set -euo pipefail
export LC_ALL=C # decimal points, one order of names
unset CDPATH

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ $# -ne 2 ] && [ $# -ne 3 ]; then
    printf 'figures.sh: found %d arguments, expected OUT PROFILE [EXPERIMENT/[NAME]]\n' $# >&2
    exit 2
fi
out=$(cd "$1" 2> /dev/null && pwd -P) || {
    printf 'figures.sh: %s: no such folder, expected the results of a run\n' "$1" >&2
    exit 2
}
# shellcheck disable=SC2034 # read by the drivers that are sourced
profile=$2
wanted=${3-}
case $wanted in
    '' | [a-z]*/ | [a-z]*/[a-z]*) ;;
    *)
        printf 'figures.sh: found %s, expected EXPERIMENT/NAME, as in the report\n' "'$wanted'" >&2
        exit 2 ;;
esac
if [ -z "${ORW:-}" ]; then
    ORW=build/bin/orw
    [ -x "$root/$ORW" ] || [ ! -x "$root/../../bin/orw" ] || ORW=../../bin/orw # installed: PREFIX/share/orw beside PREFIX/bin
fi
case $ORW in /*) ;; *) ORW=$root/$ORW ;; esac
. "$root/analysis/lib.sh"
. "$root/analysis/runs.sh"

[ -n "$wanted" ] || rm -rf "$out/figures"
mkdir -p "$out/figures/data"
for scripts in "$root"/analysis/*/; do
    scripts=${scripts%/}
    [ -f "$scripts/figures.sh" ] || continue
    [ -z "$wanted" ] || [ "${wanted%%/*}" = "$(basename "$scripts")" ] || continue
    results=$out/$(basename "$scripts")
    figures=$out/figures/$(basename "$scripts")
    data=$out/figures/data/$(basename "$scripts")
    if [ -d "$results" ]; then
        [ "${wanted#*/}" ] || rm -rf "$figures" "$data"
        mkdir -p "$figures" "$data"
        # shellcheck disable=SC1091
        . "$scripts/figures.sh"
        # shellcheck disable=SC1091
        . "$root/analysis/methods/compare.sh"
    else
        say "skipped $(basename "$scripts"): no results in $out"
    fi
done
