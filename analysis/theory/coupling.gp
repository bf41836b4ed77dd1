# coupling.gp - T6. Columns: coupling steps error error_error straightness straightness_error.
load here."/common.gp"
set xlabel "Euler steps" noenhanced
set ylabel "mean squared error" noenhanced
set logscale xy
set format y "10^{%L}"
set xrange [0.8:20]
set xtics (1, 2, 4, 8, 16)
set key inside top right
of(k) = sprintf("< awk '$1 == %d' '%s'", k, table)
straightness(k) = system(sprintf("awk '$1 == %d { printf \"%%.3g\", $5; exit }' '%s'", k, table))
plot of(0) using 2:3:4 with yerrorlines pointtype 7 linewidth 1.5 linecolor rgb colour(1) \
         title sprintf("independent coupling, straightness %s", straightness(0)), \
     of(1) using 2:3:4 with yerrorlines pointtype 7 linewidth 1.5 linecolor rgb colour(2) \
         title sprintf("optimal coupling, straightness %s", straightness(1))
