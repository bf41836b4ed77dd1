# health.gp - how the training of one run went, on one page. Set besides common.gp's: metrics, evaluation, timing, weights (tables of the run),
# the numbers of their columns update, ess, norm, evaluated, distance, weight (0: there is none), phases ("NAME SECONDS ...").
panel = 1
set terminal svg size 820,520 font "DejaVu Sans,10" background rgb "white"
set output output
set multiplot layout 2,3 title title noenhanced font ",12" margins 0.08, 0.98, 0.1, 0.88 spacing 0.09, 0.16
load here."/common.gp"
unset key
set format y "%.3g"
set xlabel "update" noenhanced
set xtics autofreq rotate by -30
set title "effective sample size" noenhanced
set yrange [0:*]
plot metrics using update:ess with lines linecolor rgb colour(2)
set title "gradient norm" noenhanced
set logscale y
set yrange [*:*]
plot metrics using update:(column(norm) > 0 ? column(norm) : NaN) with lines linecolor rgb colour(2)
unset logscale y
set title "distance to the reference" noenhanced
set yrange [0:*]
if (evaluated * distance > 0) {
    plot evaluation using evaluated:distance with linespoints pointtype 7 pointsize 0.4 linecolor rgb colour(2)
} else {
    plot [0:1] [0:1] NaN
}
set title "weights of the last round kept" noenhanced
set xlabel "weight over its mean" noenhanced
if (weight > 0) {
    stats weights using weight nooutput
    mean = STATS_mean > 0 ? STATS_mean : 1
    wide = STATS_max > STATS_min ? (STATS_max - STATS_min) / mean / 20 : 0.05
    set style fill solid 0.8 noborder
    set boxwidth wide * 0.9
    plot weights using (wide * floor(column(weight) / mean / wide) + wide / 2):(1) smooth frequency with boxes linecolor rgb colour(3)
} else {
    plot [0:1] [0:1] NaN
}
set title "seconds by phase" noenhanced
set xlabel "" noenhanced
set style fill solid 0.8 noborder
set boxwidth 0.7
count = words(phases) / 2
if (count > 0) {
    set xrange [0.5:count + 0.5]
    set xtics () rotate by -30
    do for [i = 1:count] { set xtics add (word(phases, 2 * i - 1) i) noenhanced }
    plot for [i = 1:count] "+" using (i):(real(word(phases, 2 * i))) every ::0::0 with boxes linecolor rgb colour(2)
} else {
    plot [0:1] [0:1] NaN
}
unset multiplot
