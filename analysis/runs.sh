# runs.sh - for experiments whose results are runs of a sweep: their tables, and the figures that all of them have. Sourced by figures.sh after lib.sh. `dataset` names the data set on every figure.
# shellcheck shell=bash
#
# $data/runs.tsv has one line per run, $data/runs/NAME/{evaluation,metrics,timing,provenance}.tsv what `orw export` prints of it; the
# report reads the same tables.

# Runs of the sweep (not those moved aside) into runs.tsv. A run is complete once it has written its final model. What is no run is said,
# here and in the report.
list_runs() {
    local line
    "$root/analysis/runs.pl" "$ORW" "$results/runs" > "$data/runs.tsv" 2> "$data/skipped.txt"
    while IFS= read -r line; do say "$line"; done < "$data/skipped.txt"
}

# Names of complete runs of METHOD (with ALPHA), by number of alpha and seed.
runs_of() { # runs_of METHOD [ALPHA]
    awk -F '\t' -v method="$1" -v alpha="${2-}" '!/^#/ && $2 == method && (alpha == "" || $3 == alpha) && $5 == "yes"' \
        "$data/runs.tsv" | sort -t "$(printf '\t')" -k3,3g -k4,4g | cut -f 1
}
seeds_of() { # seeds_of METHOD ALPHA
    awk -F '\t' -v method="$1" -v alpha="${2-}" '!/^#/ && $2 == method && (alpha == "" || $3 == alpha) && $5 == "yes" { print $4 }' \
        "$data/runs.tsv" | sort -nu | paste -sd ' '
}
seed_of() { awk -F '\t' -v name="$1" '$1 == name { print $4; exit }' "$data/runs.tsv"; } # seed_of NAME
alphas_of() { awk -F '\t' -v method="$1" '!/^#/ && $2 == method && $5 == "yes" { print $3 }' "$data/runs.tsv" | sort -gu; }
run_files() { while read -r name; do printf '%s\n' "$results/runs/$name/run.h5"; done; }

# export_runs CLASSIFIER...: the tables of all runs, of the base model and of the classifiers.
export_runs() {
    local name table
    while IFS=$'\t' read -r name _; do
        case $name in '#'*) continue ;; esac
        for table in evaluation metrics timing; do
            export_to "runs/$name/$table.tsv" "$results/runs/$name/run.h5" "$table" || true
        done
        export_to "runs/$name/provenance.tsv" --provenance "$results/runs/$name/run.h5" || true
    done < "$data/runs.tsv"
    if [ -f "$results/base/run.h5" ]; then
        export_to base/metrics.tsv "$results/base/run.h5" metrics || true
    fi
    [ ! -f "$results/runs/base/run.h5" ] || export_to base/evaluation.tsv "$results/runs/base/run.h5" evaluation || true
    for name in "$@"; do
        [ ! -f "$results/$name/evaluation.h5" ] || export_to "$name/evaluation.tsv" "$results/$name/evaluation.h5" evaluation || true
    done
}

# run_provenance KEY: from the first complete online run.
run_provenance() { value_of "$data/runs/$(runs_of orw | head -n 1)/provenance.tsv" "$1"; }

# The name of the data set that the runs were trained on.
dataset_of_runs() {
    local name
    name=$(run_provenance data.train)
    name=${name%% *}
    printf '%s' "${name:-unknown data set}"
}

# The first evaluation of every complete run, before any update, is the base model's: mean of a column over runs.
base_level() { # base_level COLUMN
    local name file column
    runs_of orw | while read -r name; do
        file=$data/runs/$name/evaluation.tsv
        [ -f "$file" ] || continue
        column=$(column_of "$file" "$1")
        [ -z "$column" ] || awk -v c="$column" '!/^#/ && NF { print $c; exit }' "$file"
    done | awk '/^[-+]?[0-9.]/ { s += $1; n++ } END { if (n) printf "%.6g", s / n }'
}

# The last value of a column in one run's evaluation.
last_value() { # last_value RUN COLUMN
    local file=$data/runs/$1/evaluation.tsv
    [ ! -f "$file" ] || awk -v c="$(column_of "$file" "$2")" '!/^#/ && NF && c { v = $c } END { print v }' "$file"
}

mean_of() { # mean_of FILE COLUMN; of its numbers, as not every awk knows nan
    awk -v c="$(column_of "$1" "$2")" '!/^#/ && NF && c && $c ~ /^[-+]?[0-9.]/ { s += $c; n++ } END { if (n) printf "%.6g", s / n; else print "nan" }' "$1"
}

# draw_bands NAME QUANTITY YLABEL COLUMN TABLE AGAINST XLABEL CLAIMS BASE SETTING...; SETTING: METHOD ALPHA LABEL, | between.
# `paper`, if set by the caller: a file of the paper's points, x<TAB>y<TAB>label.
draw_bands() {
    local name=$1 quantity=$2 ylabel=$3 column=$4 table=$5 against=$6 xlabel=$7 claims=$8 base=$9 setting method alpha label
    local files='' labels='' sources='' seeds='' inputs smooth='' note='' these='' kinds=''
    # Rewards of one round are of few samples: their moving mean is drawn. Evaluations are drawn as they are.
    if [ "$table" = metrics ]; then
        smooth='--smooth 5'
        note=', moving mean over 5 rounds'
    fi
    shift 9
    for setting in "$@"; do
        IFS='|' read -r method alpha label <<< "$setting"
        mapfile -t inputs < <(runs_of "$method" "$alpha" | run_files)
        [ ${#inputs[@]} -gt 0 ] || continue
        # shellcheck disable=SC2086
        export_to "$name-$method-alpha$alpha.tsv" --band "$column" --against "$against" --table "$table" $smooth "${inputs[@]}" || continue
        files="$files $name-$method-alpha$alpha.tsv"
        labels="$labels \"$label\""
        these="n = ${#inputs[@]}, seeds $(seeds_of "$method" "$alpha")"
        seeds="$seeds${seeds:+; }$label: $these"
        kinds="$kinds$these"$'\n'
        sources="$sources$(printf '%s\n' "${inputs[@]}")"$'\n'
    done
    # Said once where it is the same for every line.
    if [ "$(printf '%s' "$kinds" | sort -u | wc -l)" -eq 1 ] && [ "$(printf '%s' "$kinds" | wc -l)" -gt 1 ]; then
        seeds="every line: $these"
    fi
    if [ -z "$files" ]; then
        say "skipped $name: no complete run has $column"
        return 0
    fi
    draw "$root/analysis/bands.gp" "$name" "$quantity - $dataset, profile $profile" \
        "Mean over seeds$note; band: 95 % t interval. $seeds" "$claims" "$sources" \
        "xlabel=$xlabel" "ylabel=$ylabel" "files=$files" "labels=$labels" "base=$base" "paper=${paper:-}"
}

# draw_pairs NAME QUANTITY XCOLUMN XLABEL YCOLUMN YLABEL CLAIMS: one column of the evaluations against another, a line per run.
draw_pairs() {
    local name=$1 quantity=$2 xname=$3 xlabel=$4 yname=$5 ylabel=$6 claims=$7
    local files='' kinds='' labels='' sources='' kind=0 alpha run file x y
    for alpha in $(alphas_of orw); do
        kind=$((kind + 1))
        labels="$labels \"alpha = $alpha\""
        for run in $(runs_of orw "$alpha"); do
            file=$data/runs/$run/evaluation.tsv
            [ -f "$file" ] || continue
            x=$(column_of "$file" "$xname")
            y=$(column_of "$file" "$yname")
            files="$files runs/$run/evaluation.tsv"
            kinds="$kinds $kind"
            sources="$sources$results/runs/$run/run.h5"$'\n'
        done
    done
    if [ -z "$files" ] || [ -z "${x:-}" ] || [ -z "${y:-}" ]; then
        say "skipped $name: no complete run has $xname and $yname"
        return 0
    fi
    draw "$root/analysis/pairs.gp" "$name" "$quantity - $dataset, profile $profile" \
        "One line per seed, one point per evaluation; n = $(wc -w <<< "$files") runs" "$claims" "$sources" \
        "files=$files" "settings=$kinds" "labels=$labels" "xcolumn=$x" "ycolumn=$y" "xlabel=$xlabel" "ylabel=$ylabel"
}

draw_pretraining() {
    local table=$data/base/metrics.tsv
    if [ ! -f "$table" ] || [ -z "$(column_of "$table" loss)" ]; then
        say "skipped pretraining: the base model's run file has no loss"
        return 0
    fi
    draw "$root/analysis/pretraining.gp" pretraining "Pre-training of the base model - $dataset, profile $profile" \
        "One base model, from which all runs start" "" "$results/base/run.h5" \
        "table=base/metrics.tsv" "xcolumn=$(column_of "$table" update)" "ycolumn=$(column_of "$table" loss)"
}

draw_grid() { # draw_grid NAME SAMPLES TITLE CAPTION CLAIMS
    local reason
    if [ ! -f "$2" ]; then
        say "skipped $1: ${2#"$out"/} is not there"
    elif reason=$("$ORW" grid "$2" "$figures/$1.png" --count 64 --columns 8 --scale 2 2>&1 > /dev/null); then
        about "$1" "$3" "$4" "$5" "$2"
        say "drawn $1"
    else
        say "not drawn: $1: $(printf '%s' "$reason" | tail -n 1)"
    fi
}
