# lib.sh - what the figure drivers share: exporting tables, drawing, and noting what a figure was made from.
# shellcheck shell=bash
#
# A driver is sourced by figures.sh with these set:
#   ORW       the tool (build/bin/orw)          out      the results' folder
#   profile   the profile's name                results  $out/EXPERIMENT
#   figures   $out/figures/EXPERIMENT           data     $out/figures/data/EXPERIMENT
#   scripts   analysis/EXPERIMENT

say() { printf 'figures: %s\n' "$*"; }

# What is there and cannot be read: said here and in the report.
unread() {
    say "$*"
    printf '%s\n' "$*" >> "$data/skipped.txt"
}

# export_to FILE ARGUMENT...: what `orw export ARGUMENT...` prints, whole or not at all. Says why and returns 1 where it fails.
export_to() {
    local file=$data/$1 reason
    shift
    mkdir -p "$(dirname "$file")"
    if reason=$("$ORW" export "$@" 2>&1 > "$file.new"); then
        mv "$file.new" "$file"
    else
        rm -f "$file.new"
        reason=$(printf '%s' "$reason" | tail -n 1)
        case $reason in
            *'has no table'* | *'has no column'*) say "skipped $(basename "$file"): $reason" ;;
            *) unread "skipped ${file#"$data/"}: ${reason//"$out/"/}" ;;
        esac
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
# SOURCES: run files, one a line. ASSIGNMENT: variable=value, a string for the script, which runs in $data. The whole of it is kept
# as data/NAME.gp, which page.gp draws again as a part of a page.
draw() {
    local script=$1 name=$2 title=$3 caption=$4 claims=$5 sources=$6 assignment load
    shift 6
    case $script in
        "$root/analysis"/*) load="here.'$(quoted "${script#"$root/analysis"}")'" ;; # wherever the source is
        *) load="'$(quoted "$script")'" ;;
    esac
    {
        printf "title='%s'\ncaption='%s'\n" "$(quoted "$title")" "$(quoted "$caption")"
        for assignment in "$@"; do
            printf "%s='%s'\n" "${assignment%%=*}" "$(quoted "${assignment#*=}")"
        done
        printf 'load %s\n' "$load"
    } > "$data/$name.gp"
    is_wanted "$name" || return 0
    gnuplot_to "$name" "$name.gp" svg svg && gnuplot_to "$name" "$name.gp" png png || return 0
    about "$name" "$title" "$caption" "$claims" "$sources"
    say "drawn $name"
}

# gnuplot_to NAME SCRIPT FORMAT SUFFIX [SETTINGS]: figures/NAME.SUFFIX by a script of $data; nothing where that fails, but a line.
gnuplot_to() {
    local name=$1 script=$2 format=$3 output=$figures/$1.$4 reason
    mkdir -p "$figures"
    if ! reason=$(cd "$data" && TZ=UTC0 gnuplot -d -e "here='$(quoted "$root/analysis")'; format='$format'; output='$(quoted "$output")'; ${5-}" \
        "$script" 2>&1 > /dev/null); then
        say "not drawn: $name: $(printf '%s' "$reason" | tr -s '\n' ' ')"
        rm -f "$output"
        return 1
    fi
    # When it was drawn is no part of a figure: the same tables make the same bytes. As long as it was: a PDF knows where its parts begin.
    [ "$format" != pdf ] || sed -i 's,^\( */CreationDate (D:\)[0-9]\{14\},\119700101000000,' "$output"
}

# Of all figures, or of the one that was asked for, EXPERIMENT/NAME.
is_wanted() { [[ "${wanted-}" != */[a-z]* ]] || [ "$wanted" = "$(basename "$scripts")/$1" ]; }

# For a string of gnuplot between single quotes, of one line.
quoted() {
    local text=${1//[[:cntrl:]]/ }
    printf '%s' "${text//\'/\'\'}"
}

# draw_page NAME TITLE CAPTION CLAIMS "PANEL..." SHEET|WORDS...: figures/NAME-1column and -2columns as SVG and PDF for a paper, NAME.png and
# NAME.svg for the screen: the figures PANEL of this experiment, drawn before, above the sheets of samples SHEET with WORDS under each.
# What was not drawn is left out; nothing where no panel is left.
draw_page() {
    local name=$1 title=$2 caption=$3 claims=$4 panel panels='' sheets='' under='' sources='' sheet columns lines
    for panel in $5; do
        [ -f "$data/$panel.gp" ] || continue
        panels="$panels $panel"
        sources="$sources$(sed -n 's/^source\t//p' "$figures/$panel.about" 2> /dev/null || true)"$'\n'
    done
    shift 5
    for sheet in "$@"; do
        [ -f "$figures/${sheet%%|*}.png" ] || continue
        sheets="$sheets ../../$(basename "$figures")/${sheet%%|*}.png"
        under="$under \"${sheet#*|}\""
    done
    if [ -z "$panels" ]; then
        say "skipped $name: none of its curves was drawn"
        return 0
    fi
    is_wanted "$name" || return 0
    for columns in 1 2; do
        lines=$(printf '%s. %s.' "$title" "$caption" | tr -d '"' | fold -s -w $((columns == 1 ? 70 : 150)) | sed 's/ *$//; s/.*/"&"/' | paste -sd ' ')
        printf "columns='%s'\npanels='%s'\nsheets='%s'\nunder='%s'\nlines='%s'\nload here.'/page.gp'\n" $columns "$(quoted "$panels")" \
            "$(quoted "$sheets")" "$(quoted "$under")" "$(quoted "$lines")" > "$data/$name-$columns.gp"
    done
    gnuplot_to "$name" "$name-2.gp" svg svg && gnuplot_to "$name" "$name-2.gp" png png && gnuplot_to "$name" "$name-2.gp" pdf pdf \
        && gnuplot_to "$name-1column" "$name-1.gp" svg svg && gnuplot_to "$name-1column" "$name-1.gp" pdf pdf || return 0
    about "$name" "$title" "$caption" "$claims" "$sources"
    say "drawn $name"
}

about() { # about NAME TITLE CAPTION CLAIMS SOURCES
    {
        printf 'title\t%s\ncaption\t%s\nclaims\t%s\n' "$2" "$3" "$4"
        printf '%s\n' "$5" | sort -u | while read -r source; do
            [ -z "$source" ] || printf 'source\t%s\n' "${source#"$out"/}"
        done
    } > "$figures/$1.about"
}
