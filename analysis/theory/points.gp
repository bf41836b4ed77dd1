# points.gp - T1: closed form and measurement per point of the support. Columns: setting round point expected measured error.
load here."/common.gp"
set xlabel "online rounds n" noenhanced
set ylabel "probability" noenhanced
set yrange [0:*]
set xtics 1
stats table using ($1 == 0 ? $2 : NaN):3 nooutput
set xrange [-0.1:STATS_max_x + 0.1]
of(k) = sprintf("< awk '$1 == 0 && $3 == %d' '%s'", k, table)
plot for [k = 0:int(STATS_max_y)] of(k) using 2:4 with lines linewidth 1.5 linecolor rgb colour(k + 1) title sprintf("point %d", k), \
     for [k = 0:int(STATS_max_y)] of(k) using 2:5:6 with yerrorbars pointtype 7 pointsize 0.8 linecolor rgb colour(k + 1) notitle
