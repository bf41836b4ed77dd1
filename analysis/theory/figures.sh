# figures.sh - the figures of the theory experiment; sourced by analysis/figures.sh (see ../lib.sh for the variables).
# shellcheck shell=bash
#
# Everything is in one run file, results/run.h5: the verdicts and one table per figure, printed by `orw export`.

draw_theory() {
    local run=$results/results/run.h5 table
    if [ ! -f "$run" ]; then
        say "skipped theory: no results/run.h5, which the experiment writes at its end"
        return 0
    fi
    for table in verdicts points gaussians minimiser bound trade coupling tilts; do
        export_to "$table.tsv" "$run" "$table" || true
    done
    export_to provenance.tsv --provenance "$run" || true
    theory_figure points.gp finite_support points "T1: a finite support, round by round" \
        "Lines: w^n q; points: shares of the samples, mean over seeds with its standard error"
    theory_figure gaussians.gp gaussians gaussians "T2: a Gaussian, two rewards" \
        "Lines: closed forms; points: mean over seeds with its standard error"
    theory_figure minimiser.gp minimiser minimiser "T3: the pointwise minimiser" \
        "Projection of v - v_ref on v* - v_ref at alpha = 0, points of the path with t < 0.8; mean over seeds"
    theory_figure bound.gp bound_vs_alpha bound "T4: W2 and its bound against alpha" \
        "Every seed and round; the estimate takes L from sampled Jacobians and is no bound" column=1 "label=alpha"
    theory_figure bound.gp bound_vs_round bound "T4: W2 and its bound over training" \
        "alpha = 0, every seed; the estimate takes L from sampled Jacobians and is no bound" column=2 "label=round"
    theory_figure trade.gp trade trade "T5: reward and distance against alpha" \
        "Mean over seeds with its standard error, after equally many rounds"
    theory_figure coupling.gp coupling coupling "T6: what optimal coupling does to pre-training" \
        "Mean over seeds with its standard error; straightness: integral of mean (x1 - x0 - v)^2, 0 for straight paths"
}

theory_figure() { # theory_figure SCRIPT NAME TABLE TITLE CAPTION ASSIGNMENT...
    local script=$1 name=$2 table=$3 title=$4 caption=$5
    shift 5
    if [ -f "$data/$table.tsv" ] && grep -q '^[^#]' "$data/$table.tsv"; then
        draw "$scripts/$script" "$name" "$title - profile $profile" "$caption" C11 "$results/results/run.h5" \
            "table=$table.tsv" "$@"
    else
        say "skipped $name: that test was not run"
    fi
}
draw_theory
