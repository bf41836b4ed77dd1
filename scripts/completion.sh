#!/bin/sh
# completion.sh BIN DRIVER... - completion for bash of `orw` and the drivers, from what they print of themselves: commands, options, keys.
# shellcheck disable=SC2016 # what bash is to expand when it completes
set -eu
export LC_ALL=C
[ $# -ge 1 ] || { echo "completion.sh: found no argument, expected the folder of the programs" >&2; exit 2; }
bin=$1
shift
options() { grep -o -e '--[a-z][a-z-]*' | sort -u | paste -sd ' ' -; }
commands=$("$bin/orw" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | paste -sd ' ' -)

echo '# bash completion of orw and its drivers, written by scripts/completion.sh'
# _orw_words KEYS WORDS: after --set a key, else one of the words or a file.
cat <<'END'
_orw_words() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    if [ "$before" = --set ] && [ -n "$1" ]; then
        compopt -o nospace 2> /dev/null
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$2" -- "$word"; compgen -f -- "$word")
    fi
}
_orw() {
    local words
END
printf '    if [ "$COMP_CWORD" -eq 1 ]; then words="%s --help --version"\n    else case ${COMP_WORDS[1]} in\n' "$commands"
for command in $commands; do printf '        %s) words="%s" ;;\n' "$command" "$("$bin/orw" "$command" --help | options)"; done
printf '        *) words=--help ;;\n    esac; fi\n    _orw_words "" "$words"\n}\ncomplete -o filenames -F _orw orw\n'
for driver in "$@"; do
    keys=$("$bin/$driver" --markdown | sed -n 's/^| `\([^`]*\)`.*/\1=/p' | paste -sd ' ' -)
    words=$("$bin/$driver" --help | sed '/^Keys:/q' | options)
    printf '_orw_%s() { _orw_words "%s" "%s"; }\ncomplete -o filenames -F _orw_%s %s\n' "$driver" "$keys" "$words" "$driver" "$driver"
done
