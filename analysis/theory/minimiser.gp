# minimiser.gp - T3. Columns: alpha expected measured standard_error ...; the axis is alpha / (1 + alpha), from 0 to infinity.
load here."/common.gp"
set xlabel "alpha / (1 + alpha)" noenhanced
set ylabel "way from v_ref (0) to v* at alpha 0 (1)" noenhanced
set offsets 0.02, 0.02, 0.02, 0
set xrange [-0.02:1.02]
plot table using ($1 / (1 + $1)):2 with linespoints pointtype 0 linewidth 1.5 linecolor rgb colour(2) title "v* (exact sums)", \
     table using ($1 / (1 + $1)):3:4 with yerrorbars pointtype 7 linecolor rgb colour(1) title "trained field"
