# runs.sh - for experiments whose results are runs of a sweep: their tables, and the figures that all of them have. Sourced by figures.sh
# after lib.sh. `dataset` names the data set on every figure.
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

# The settings of METHOD..., in that order: METHOD|ALPHA|LABEL, a line each.
settings_of() {
    local method alpha
    for method in "$@"; do
        for alpha in $(alphas_of "$method"); do printf '%s|%s|%s\n' "$method" "$alpha" "$(setting_label "$method" "$alpha")"; done
    done
}
setting_label() {
    case $1 in
        orw) printf 'alpha = %s' "$2" ;;
        control) printf 'no reward (control)' ;;
        orw-*) printf '%s, alpha = %s' "${1#orw-}" "$2" ;;
        *) printf '%s, alpha = %s' "$1" "$2" ;;
    esac
}

# style_of METHOD ALPHA: its number in common.gp; methods but for these two are counted through, orw first.
style_of() {
    case $1 in
        offline) printf 101 ;;
        control) printf 102 ;;
        *)
            awk -F '\t' '!/^#/ && $5 == "yes" && $2 !~ /^(offline|control)$/ { print ($2 == "orw" ? 0 : 1) "\t" $2 "\t" $3 }' "$data/runs.tsv" \
                | sort -t "$(printf '\t')" -k1,1 -k2,2 -k3,3g -u \
                | awk -F '\t' -v method="$1" -v alpha="$2" '$2 == method && $3 == alpha { print NR }' ;;
    esac
}

# limits_of COLUMN: what a quantity can be at least and at most, "LOW HIGH", - for no limit.
limits_of() {
    case $1 in
        reward_mean) if [ "$(basename "$scripts")" = target_image ]; then printf '0 1'; else printf -- '- -'; fi ;;
        judge_even | judge_right* | judge_confidence | judge_probability | *_share | digit[0-9]) printf '0 1' ;;
        *entropy | *variance | *distance* | frechet* | sliced_w2 | variety | bytes_* | effective_sample_size) printf '0 -' ;;
        *) printf -- '- -' ;;
    esac
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
    cp "$data/runs.tsv" "$data/runs.tsv.new"
    while IFS=$'\t' read -r name _; do
        case $name in '#'*) continue ;; esac
        for table in evaluation metrics timing; do
            export_to "runs/$name/$table.tsv" "$results/runs/$name/run.h5" "$table" || true
        done
        export_to "runs/$name/provenance.tsv" --provenance "$results/runs/$name/run.h5" || true
        # A file that says of itself which run it is, and holds none: one such would leave its whole setting without a curve.
        if [ ! -f "$data/runs/$name/evaluation.tsv" ] && [ ! -f "$data/runs/$name/metrics.tsv" ]; then
            unread "skipped run '$name': neither metrics nor evaluation can be read"
            sed -i "/^$name\t/d" "$data/runs.tsv.new"
        fi
    done < "$data/runs.tsv"
    mv "$data/runs.tsv.new" "$data/runs.tsv"
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
    local files='' labels='' styles='' sources='' seeds='' inputs smooth='' note='' these='' kinds='' low high
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
        styles="$styles $(style_of "$method" "$alpha")"
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
    read -r low high <<< "$(limits_of "$column")"
    draw "$root/analysis/bands.gp" "$name" "$quantity - $dataset, profile $profile" \
        "Mean over seeds$note; band: 95 % t interval. $seeds" "$claims" "$sources" \
        "xlabel=$xlabel" "ylabel=$ylabel" "files=$files" "labels=$labels" "styles=$styles" "base=$base" "low=${low#-}" "high=${high#-}" \
        "paper=${paper:-}"
}

# draw_pairs NAME QUANTITY XCOLUMN XLABEL YCOLUMN YLABEL CLAIMS SETTING...: one column of the evaluations against another, a line per run.
draw_pairs() {
    local name=$1 quantity=$2 xname=$3 xlabel=$4 yname=$5 ylabel=$6 claims=$7
    local files='' kinds='' labels='' styles='' sources='' kind=0 method alpha label run file x='' y='' has
    shift 7
    for setting in "$@"; do
        IFS='|' read -r method alpha label <<< "$setting"
        has=
        for run in $(runs_of "$method" "$alpha"); do
            file=$data/runs/$run/evaluation.tsv
            [ -f "$file" ] && [ -n "$(column_of "$file" "$xname")" ] && [ -n "$(column_of "$file" "$yname")" ] || continue
            if [ -n "$x" ] && [ "$x $y" != "$(column_of "$file" "$xname") $(column_of "$file" "$yname")" ]; then
                say "skipped $run in $name: its table has other columns than those of the runs before"
                continue
            fi
            x=$(column_of "$file" "$xname")
            y=$(column_of "$file" "$yname")
            files="$files runs/$run/evaluation.tsv"
            [ -n "$has" ] || kind=$((kind + 1))
            has=yes
            kinds="$kinds $kind"
            sources="$sources$results/runs/$run/run.h5"$'\n'
        done
        [ -z "$has" ] || labels="$labels \"$label\""
        [ -z "$has" ] || styles="$styles $(style_of "$method" "$alpha")"
    done
    if [ -z "$files" ]; then
        say "skipped $name: no complete run has $xname and $yname"
        return 0
    fi
    draw "$root/analysis/pairs.gp" "$name" "$quantity - $dataset, profile $profile" \
        "A line per run, a mark per evaluation, a large one at the end; n = $(wc -w <<< "$files") runs" "$claims" "$sources" \
        "files=$files" "settings=$kinds" "labels=$labels" "styles=$styles" "xcolumn=$x" "ycolumn=$y" "xlabel=$xlabel" "ylabel=$ylabel"
}

bands_words() { printf 'curves: mean over seeds, band: 95 %% t interval; dashes: base model'; }

# A page per run on how its training went: effective sample size, the last weights that were kept, gradient norm, distance, phase times.
draw_health() {
    local name rounds weights
    while IFS=$'\t' read -r name _; do
        case $name in '#'*) continue ;; esac
        [ -f "$data/runs/$name/metrics.tsv" ] && is_wanted "health/$name" || continue
        weights=
        rounds=$(cd "$results/runs/$name/samples" 2> /dev/null && ls round-*.h5 2> /dev/null | tail -n 1) || true
        if [ -n "$rounds" ] && export_to "runs/$name/weights.tsv" "$results/runs/$name/samples/$rounds" samples; then
            weights=$(column_of "$data/runs/$name/weights.tsv" weight)
        fi
        draw_health_of "$name"
    done < "$data/runs.tsv"
}
draw_health_of() { # draw_health_of RUN; weights: the number of their column
    local of=$data/runs/$1 count
    count=$(last_value_of "$of/metrics.tsv" effective_sample_size)
    [ -n "$count" ] || return 0
    {
        printf "title='%s'\n" "$(quoted "$1 - $dataset, profile $profile")"
        printf "metrics='runs/%s/metrics.tsv'; evaluation='runs/%s/evaluation.tsv'; timing='runs/%s/timing.tsv'; weights='runs/%s/weights.tsv'\n" "$1" "$1" "$1" "$1"
        printf 'update=%d; ess=%d; norm=%d; evaluated=%d; distance=%d; weight=%d\n' "$(column_of "$of/metrics.tsv" update)" \
            "$(column_of "$of/metrics.tsv" effective_sample_size)" "$(column_of "$of/metrics.tsv" gradient_norm)" \
            "$(column_or_none "$of/evaluation.tsv" update)" "$(column_or_none "$of/evaluation.tsv" distance)" "${weights:-0}"
        printf "phases=%s\nload here.'/health.gp'\n" "$(phases_of "$of/timing.tsv")"
    } > "$data/runs/$1/health.gp"
    mkdir -p "$figures/health"
    gnuplot_to "health/$1" "runs/$1/health.gp" svg svg || return 0
    about "health/$1" "Health of $1" "Effective sample size, weights of the last round that was kept, gradient norm, distance, seconds by phase" "" \
        "$results/runs/$1/run.h5"
}
column_or_none() { local number=''; [ ! -f "$1" ] || number=$(column_of "$1" "$2"); printf '%s' "${number:-0}"; }
last_value_of() { awk -v c="$(column_of "$1" "$2")" '!/^#/ && NF && c { v = $c } END { print v }' "$1"; }

# Seconds by phase, "'NAME SECONDS ...'". The table counts since a process began: a number that falls is a new process.
phases_of() {
    [ -f "$1" ] || { printf "''"; return 0; }
    awk '/^#/ { sub(/^# */, ""); n = split($0, name, "\t"); next }
        NF == n { for (i = 1; i <= n; i++) { if ($i < last[i]) sum[i] += last[i]; last[i] = $i } }
        END { printf "\047"; for (i = 1; i <= n; i++) if (name[i] !~ /^(round|update|total)$/ && name[i] ~ /^[a-z_]+$/) printf "%s %.6g ", name[i], sum[i] + last[i]; printf "\047" }' "$1"
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

# sheet SAMPLES NAME COUNT COLUMNS: NAME.png, and small/NAME.png of its first images for the table of claims. Prints what went wrong.
sheet() {
    mkdir -p "$figures/small"
    { "$ORW" grid "$1" "$figures/$2.png" --count "$3" --columns "$4" --scale 2 \
        && "$ORW" grid "$1" "$figures/small/$2.png" --count 16 --columns 4 --scale 1; } 2>&1 > /dev/null
}

draw_grid() { # draw_grid NAME SAMPLES TITLE CAPTION CLAIMS
    local reason
    if [ ! -f "$2" ]; then
        say "skipped $1: ${2#"$out"/} is not there"
    elif reason=$(sheet "$2" "$1" 64 8); then
        about "$1" "$3" "$4" "$5" "$2"
        say "drawn $1"
    else
        reason=$(printf '%s' "$reason" | tail -n 1)
        unread "not drawn: $1: ${reason//"$out/"/}"
    fi
}
