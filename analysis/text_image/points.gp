# points.gp - runs as points, a colour per setting, and the mean of each. Set besides common.gp's: table
# ("kind<TAB>x<TAB>y ..."), kinds (their number), labels and styles (one per kind), ycolumn, xlabel, ylabel, base ("x y", or "").
load here."/common.gp"
set xlabel xlabel noenhanced
set ylabel ylabel noenhanced
set autoscale noextend
set offsets graph 0.05, graph 0.05, graph 0.08, graph 0.05
array mean_x[int(kinds)]
array mean_y[int(kinds)]
y = int(ycolumn)
do for [k = 1:int(kinds)] {
    stats table using ($1 == k ? column(2) : NaN):($1 == k ? column(y) : NaN) nooutput
    mean_x[k] = STATS_mean_x
    mean_y[k] = STATS_mean_y
}
array one[1]
plot for [k = 1:int(kinds)] table using ($1 == k ? column(2) : NaN):(column(y)) with points pointtype shape(style(k)) pointsize 0.5 \
         linecolor rgb colour(style(k)) notitle, \
     for [k = 1:int(kinds)] one using (mean_x[k]):(mean_y[k]) with points pointtype shape(style(k)) pointsize 1.6 \
         linecolor rgb colour(style(k)) \
         title word(labels, k), \
     one using (words(base) < 2 ? NaN : real(word(base, 1))):(words(base) < 2 ? NaN : real(word(base, 2))) with points pointtype 2 \
         pointsize 1.4 linewidth 2 linecolor rgb base_colour title (base eq "" ? "" : "base model")
