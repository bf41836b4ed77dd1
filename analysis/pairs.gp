# pairs.gp - one quantity of the evaluations against another, for instance distance at matched reward: a thin line per run, a large mark
# at its end. Set besides common.gp's: files (evaluation tables), settings (number of each file's setting), labels and styles (one per
# setting), xcolumn and ycolumn (numbers), xlabel, ylabel.
load here."/common.gp"
set xlabel xlabel noenhanced
set ylabel ylabel noenhanced
set xtics rotate by -30
x = int(xcolumn)
y = int(ycolumn)
of(i) = style(int(word(settings, i)))
last(i) = "< tail -n 1 '".word(files, i)."'"

plot for [i = 1:words(files)] word(files, i) using x:y with linespoints pointtype shape(of(i)) pointsize 0.35 dashtype dash(of(i)) \
         linecolor rgb colour(of(i)) notitle, \
     for [i = 1:words(files)] last(i) using x:y with points pointtype shape(of(i)) pointsize 1 linecolor rgb colour(of(i)) notitle, \
     for [i = 1:words(labels)] NaN with linespoints linewidth 2 pointtype shape(style(i)) dashtype dash(style(i)) \
         linecolor rgb colour(style(i)) title word(labels, i)
