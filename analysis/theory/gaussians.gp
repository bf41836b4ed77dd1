# gaussians.gp - T2. Columns: setting round mean variance measured_mean mean_error measured_variance variance_error.
load here."/common.gp"
set xlabel "online rounds N" noenhanced
set ylabel "mean; variance" noenhanced
set xtics 1
stats table using 2:4 nooutput
set xrange [-0.1:STATS_max_x + 0.1]
of(setting) = sprintf("< awk '$1 == %d' '%s'", setting, table)
plot of(0) using 2:3 with lines linewidth 1.5 linecolor rgb colour(1) title "mean, linear reward", \
     of(0) using 2:5:6 with yerrorbars pointtype 7 linecolor rgb colour(1) notitle, \
     of(0) using 2:4 with lines linewidth 1.5 linecolor rgb colour(2) title "variance, linear reward", \
     of(0) using 2:7:8 with yerrorbars pointtype 7 linecolor rgb colour(2) notitle, \
     of(1) using 2:4 with lines linewidth 1.5 linecolor rgb colour(3) title "variance, quadratic", \
     of(1) using 2:7:8 with yerrorbars pointtype 7 linecolor rgb colour(3) notitle, \
     of(2) using 2:7:8 with yerrorbars pointtype 6 linecolor rgb base_colour title "variance, w = 1 (control)"
