#!/bin/sh
# same-results.sh A B - do two folders hold the same HDF5 files, equal but for timings and provenance? Status 0, or 1 and the names of
# those that differ. h5diff's status is 0 where shapes differ: with -c it says so, and any word of it counts.
set -u
export LC_ALL=C
unset CDPATH
refuse() {
    echo "same-results.sh: $1" >&2
    exit 2
}
if [ $# -ne 2 ] || [ ! -d "$1" ] || [ ! -d "$2" ]; then refuse "found '$*', expected two folders"; fi
command -v h5diff > /dev/null || refuse "h5diff: not found, expected it installed (hdf5-tools)"

# A kept checkpoint, state.h5, has timings among its pieces.
list() { (cd "$1" && find . -name '*.h5' ! -name state.h5 | sort); }
status=0
[ -n "$(list "$1")$(list "$2")" ] || refuse "$1 and $2 hold no HDF5 file, expected results"
only() { list "$2" | while read -r file; do [ -e "$3/$file" ] || echo "$file, only in $1"; done; }
alone=$(only "$1" "$1" "$2"; only "$2" "$2" "$1")
if [ -n "$alone" ]; then
    echo "$alone"
    status=1
fi
list "$1" | {
    while read -r file; do
        [ -e "$2/$file" ] || continue
        said=$(h5diff -c --exclude-path /provenance --exclude-path /timing "$1/$file" "$2/$file" 2>&1) && [ -z "$said" ] && continue
        echo "$file"
        status=1
    done
    exit $status
}
