#!/bin/sh
# man.sh VERSION TITLE PROGRAM [COMMAND] - a man page of what `PROGRAM [COMMAND] --help` prints, on standard output.
set -eu
export LC_ALL=C
[ $# -ge 3 ] || { echo "man.sh: found $# arguments, expected VERSION TITLE PROGRAM [COMMAND]" >&2; exit 2; }
version=$1
title=$2
shift 2
text=$("$@" --help)
name=$(basename "$1")${2:+-$2}
escape() { sed "s/\\\\/\\\\e/g; s/-/\\\\-/g; s/^[.']/\\\\\&&/"; }
printf '.TH "%s" 1 "" "orw %s" "orw"\n.SH NAME\n' "$name" "$version"
printf '%s - %s\n' "$name" "$title" | escape
printf '.SH DESCRIPTION\n.nf\n'
printf '%s\n' "$text" | escape
printf '.fi\n'
