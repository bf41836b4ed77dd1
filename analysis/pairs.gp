# pairs.gp - one quantity of the evaluations against another, for instance distance at matched reward. One thin line per seed.
# Set besides common.gp's: files (evaluation tables), settings (number of each file's setting), labels (one per setting, quoted),
# xcolumn and ycolumn (numbers), xlabel, ylabel.
load here."/common.gp"
set xlabel xlabel noenhanced
set ylabel ylabel noenhanced
set key inside left top
x = int(xcolumn)
y = int(ycolumn)

plot for [i = 1:words(files)] word(files, i) using x:y with linespoints pointtype 7 pointsize 0.4 \
         linecolor rgb colour(int(word(settings, i))) notitle, \
     for [i = 1:words(labels)] NaN with lines linewidth 2 linecolor rgb colour(i) title word(labels, i)
