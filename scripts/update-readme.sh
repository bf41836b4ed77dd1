#!/bin/sh
# update-readme.sh [--check] - writes docs/keys.md from the programs' own declarations, or says whether it is up to date.
# BUILD names the folder of the build (default build).
set -eu
export LC_ALL=C
unset CDPATH
cd "$(dirname "$0")/.."
build=${BUILD:-build}
first=target_image # whose keys stand in full; of the others what they have besides, or with another default

fail() {
    echo "update-readme.sh: $1" >&2
    exit 2
}
case ${1:-} in
    '' | --check) ;;
    *) fail "found '$1', expected --check or nothing" ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
table() { # table EXPERIMENT: its rows in a file, with a head of two lines
    program=$build/bin/$1
    [ -x "$program" ] || fail "$program: missing, expected it built (make build)"
    "$program" --markdown > "$scratch/$1" || fail "$program --markdown failed"
}
page() {
    table "$first"
    printf '# Configuration keys\n\n'
    printf '<!-- written by scripts/update-readme.sh from what the programs declare: do not edit -->\n\n'
    printf 'INI files (`[section]`, `name = value`), overridden by `--set section.name=value`. Unknown keys are refused. `PROGRAM --help` prints\n'
    printf 'the keys of one program, `PROGRAM CONF --print-config` their values, `--identities` what each of them decides.\n\n'
    printf '## target_image, and what the other experiments share with it\n\n'
    cat "$scratch/$first"
    for main in experiments/*/main.c; do
        experiment=$(basename "$(dirname "$main")")
        [ "$experiment" != "$first" ] || continue
        table "$experiment"
        printf '\n## %s: what it has besides, or differently\n\n' "$experiment"
        sed 2q "$scratch/$experiment"
        sed 1,2d "$scratch/$experiment" | grep -vxFf "$scratch/$first" || true
    done
}
page > "$scratch/page"
if cmp -s "$scratch/page" docs/keys.md; then exit 0; fi
if [ "${1:-}" = --check ]; then
    echo "update-readme.sh: docs/keys.md is out of date, expected what the programs print with --markdown" >&2
    exit 1
fi
cat "$scratch/page" > docs/keys.md
