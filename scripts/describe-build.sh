#!/usr/bin/env bash
# describe-build.sh FLAGS - in the root of the source tree: the header from which a program knows what it was built from. The digest of
# a program's sources covers paths and contents of what can change its results: the library and its headers, how it is built, and, of
# an experiment, its own folder. Tests, documents, configurations and the `orw` tools do not count.
set -euo pipefail
export LC_ALL=C

# digest: of the files that are named on stdin, a line each.
digest() { sort | xargs -d '\n' sha256sum | sha256sum | cut -c 1-16; }
sources() { find "$@" -type f -name '*.[ch]' ! -path 'src/cli/*'; }
text() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# The commit that a tarball was made of: git archive writes it here (.gitattributes, export-subst).
# shellcheck disable=SC2016
archived='$Format:%H$'
released() { case $archived in [0-9a-f]*) printf '%.12s' "$archived" ;; *) printf unknown ;; esac; }

# The commit, where the tree is a repository's own and not a copy that lies inside another one. git describe calls a tree clean in which
# there are sources that it does not know.
commit() {
    local found
    if ! command -v git > /dev/null; then
        released
        return
    fi
    if ! found=$(git rev-parse --show-prefix 2>&1); then
        case $found in
            *'not a git repository'*) ;; # a release
            *) printf 'note: the commit is not recorded: %s\n' "$(printf '%s\n' "$found" | head -n 1)" >&2 ;;
        esac
        released
        return
    fi
    if [ -n "$found" ] || ! git ls-files --error-unmatch src/base/provenance.c > /dev/null 2>&1; then
        released
        return
    fi
    found=$(git describe --always --dirty --abbrev=12)
    case $found in
        *-dirty) ;;
        *) [ -z "$(git status --porcelain --untracked-files=all -- Makefile include src experiments)" ] || found=$found-dirty ;;
    esac
    printf '%s' "$found"
}

library=$({ sources include src; echo Makefile; } | digest)
printf '#define ORW_COMMIT "%s"\n' "$(text "$(commit)")"
printf '#define ORW_FLAGS "%s"\n' "$(text "${1:-}")"
printf '#define ORW_SOURCE "%s"\n' "$(text "$PWD")"
printf '#define ORW_LIBRARY "%s"\n' "$library"
printf '#define ORW_PROGRAMS'
for main in experiments/*/main.c; do
    folder=${main%/main.c}
    printf ' {"%s", "%s"},' "${folder#experiments/}" "$({ sources include src "$folder"; echo Makefile; } | digest)"
done
printf '\n'
