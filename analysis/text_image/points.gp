# points.gp - runs as points, a colour per setting, and the mean of each. Set besides common.gp's: table
# ("kind<TAB>x<TAB>y ..."), kinds (their number), labels (one per kind, quoted), ycolumn, xlabel, ylabel, base ("x y", or "").
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
shape(k) = word("7 5 9 13 11 15 7 5 9 13", 1 + (k - 1) % 10)
array one[1]
plot for [k = 1:int(kinds)] table using ($1 == k ? column(2) : NaN):(column(y)) with points pointtype int(shape(k)) pointsize 0.5 \
         linecolor rgb colour(k) notitle, \
     for [k = 1:int(kinds)] one using (mean_x[k]):(mean_y[k]) with points pointtype int(shape(k)) pointsize 1.6 linecolor rgb colour(k) \
         title word(labels, k), \
     one using (words(base) < 2 ? NaN : real(word(base, 1))):(words(base) < 2 ? NaN : real(word(base, 2))) with points pointtype 2 \
         pointsize 1.4 linewidth 2 linecolor rgb base_colour title (base eq "" ? "" : "base model")
