# lib.sh - what the figure drivers share: exporting tables, drawing, and noting what a figure was made from.
# shellcheck shell=bash
#
# A driver is sourced by figures.sh with these set:
#   ORW       the tool (build/bin/orw)          out      the results' folder
#   profile   the profile's name                results  $out/EXPERIMENT
#   figures   $out/figures/EXPERIMENT           data     $out/figures/data/EXPERIMENT
#   scripts   analysis/EXPERIMENT

say() { printf 'figures: %s\n' "$*"; }

# export_to FILE ARGUMENT...: what `orw export ARGUMENT...` prints, whole or not at all. Says why and returns 1 where it fails.
export_to() {
    local file=$data/$1 reason
    shift
    mkdir -p "$(dirname "$file")"
    if reason=$("$ORW" export "$@" 2>&1 > "$file.new"); then
        mv "$file.new" "$file"
    else
        rm -f "$file.new"
        say "skipped $(basename "$file"): $(printf '%s' "$reason" | tail -n 1)"
        return 1
    fi
}

# column_of FILE NAME: the number of a column, from the "# name name ..." line; empty if absent.
column_of() {
    awk -v name="$2" '/^#/ {
        sub(/^# */, "")
        n = split($0, names, index($0, "\t") ? "\t" : " ")
        for (i = 1; i <= n; i++) if (names[i] == name) { print i; exit }
        exit
    }' "$1"
}

# value_of FILE KEY: from the "key TAB value" lines of a provenance export.
value_of() { awk -F '\t' -v key="$2" '$1 == key { print $2; exit }' "$1" 2> /dev/null; }

# draw SCRIPT NAME TITLE CAPTION CLAIMS SOURCES ASSIGNMENT...: figures/NAME.svg and .png by gnuplot, and NAME.about for the report.
# SOURCES: run files, one a line. ASSIGNMENT: variable=value, a string for the script, which runs in $data.
draw() {
    local script=$1 name=$2 title=$3 caption=$4 claims=$5 sources=$6 format assignment settings
    shift 6
    settings="here='$(quoted "$root/analysis")'; title='$(quoted "$title")'; caption='$(quoted "$caption")'"
    for assignment in "$@"; do
        settings="$settings; ${assignment%%=*}='$(quoted "${assignment#*=}")'"
    done
    mkdir -p "$figures"
    for format in svg png; do
        if ! (cd "$data" && gnuplot -d -e "$settings; format='$format'; output='$(quoted "$figures/$name.$format")'" "$script") 2> "$figures/$name.log"; then
            say "not drawn: $name: $(tr -s '\n' ' ' < "$figures/$name.log")"
            rm -f "$figures/$name.svg" "$figures/$name.png" "$figures/$name.log"
            return 0
        fi
    done
    rm -f "$figures/$name.log"
    about "$name" "$title" "$caption" "$claims" "$sources"
    say "drawn $name"
}

quoted() { printf '%s' "${1//\'/\'\'}"; }

about() { # about NAME TITLE CAPTION CLAIMS SOURCES
    {
        printf 'title\t%s\ncaption\t%s\nclaims\t%s\n' "$2" "$3" "$4"
        printf '%s\n' "$5" | sort -u | while read -r source; do
            [ -z "$source" ] || printf 'source\t%s\n' "${source#"$out"/}"
        done
    } > "$figures/$1.about"
}
