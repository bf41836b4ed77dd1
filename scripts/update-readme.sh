#!/bin/sh
# update-readme.sh [--check] - writes README.md's key table from the programs' own declaration, or says whether it is up to date.
# BUILD names the folder of the build (default build).
set -eu
export LC_ALL=C
unset CDPATH
cd "$(dirname "$0")/.."
program=${BUILD:-build}/bin/target_image

fail() {
    echo "update-readme.sh: $1" >&2
    exit 2
}
case ${1:-} in
    '' | --check) ;;
    *) fail "found '$1', expected --check or nothing" ;;
esac
[ -x "$program" ] || fail "$program: missing, expected it built (make build)"
table=$("$program" --markdown) || fail "$program --markdown failed"
for marker in keys /keys; do
    grep -qx "<!-- $marker -->" README.md || fail "README.md: found no line <!-- $marker -->, expected the markers of the key table"
done

fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
{
    sed '/^<!-- keys -->$/q' README.md
    printf '\n%s\n\n' "$table"
    sed -n '/^<!-- \/keys -->$/,$p' README.md
} > "$fresh"
if cmp -s "$fresh" README.md; then exit 0; fi
if [ "${1:-}" = --check ]; then
    echo "update-readme.sh: README.md: the key table is out of date, expected what $program --markdown prints" >&2
    exit 1
fi
cat "$fresh" > README.md
