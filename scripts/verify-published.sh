#!/usr/bin/env bash
# verify-published.sh [DIR] - computes every published verdict again from the published tables (default results/published). A table that
# was edited, a file that is missing or more than there should be, a verdict that its tables do not give: one line, status 2.
set -euo pipefail
export LC_ALL=C
unset CDPATH
called_from=$PWD
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
published=$PWD/results/published
[ $# -eq 0 ] || case $1 in /*) published=$1 ;; *) published=$called_from/$1 ;; esac
name=${published#"$PWD/"}
die() {
    printf 'verify-published.sh: %s\n' "$*" >&2
    exit 2
}
[ -f "$published/SHA256SUMS" ] || die "$name: nothing published there, expected SHA256SUMS and a folder per profile"

found=$(cd "$published" && find . ! -type d ! -name SHA256SUMS | sed 's,^\./,,' | sort)
listed=$(sed 's/^[0-9a-f]*  //' "$published/SHA256SUMS" | sort)
more=$(comm -23 <(printf '%s\n' "$found") <(printf '%s\n' "$listed") | head -n 1)
[ -z "$more" ] || die "$name/$more: not in SHA256SUMS, expected nothing beside what was published"
bad=$(cd "$published" && sha256sum --check --quiet SHA256SUMS 2> /dev/null | head -n 1) || true
[ -z "$bad" ] || die "$name/${bad%%:*}: not as it was published (${bad#*: }), expected the sum in SHA256SUMS"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for folder in "$published"/*/; do
    profile=$(basename "$folder")
    again=$scratch/$profile
    mkdir "$again"
    ln -s "$folder/figures" "$again/figures"
    cp "$folder/times.tsv" "$again"
    analysis/report.pl --out "$again" --profile "$profile" --published none
    if ! cmp -s "$again/claims.tsv" "$folder/claims.tsv"; then
        line=$( (diff "$folder/claims.tsv" "$again/claims.tsv" || true) | sed -n 's/^[<>] //p' | head -n 1 | cut -f 1-3,5,9 | tr '\t' ' ')
        die "$name/$profile/claims.tsv: '$line' is not what its tables give, expected what analysis/report.pl computes from them"
    fi
    awk -F '\t' -v p="$profile" '$2 == "the whole claim" && $9 != "not tested" { printf "%s\t%s\t%s\t%s: as published\n", p, $1, $10, $9 }' "$again/claims.tsv"
done
analysis/published.pl "$published" > "$scratch/README.md"
cmp -s "$scratch/README.md" "$published/README.md" || die "$name/README.md: not what the tables of claims give, expected what analysis/published.pl writes"
