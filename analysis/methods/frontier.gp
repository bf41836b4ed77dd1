# frontier.gp - one quantity of the evaluations against another, a curve per method and alpha from the base model on, a point per
# evaluation: means over seeds, with bands (95 % t intervals of y). Colours are the methods'; where a method has several curves the later
# one's points are larger. Set besides common.gp's: xlabel, ylabel, files, labels (quoted), methods (number of each file's method), x and y (numbers of the
# columns of the means; the interval of y follows it).
load here."/common.gp"
set xlabel xlabel noenhanced
set ylabel ylabel noenhanced
xc = int(x)
yc = int(y)
tint(i) = int(word(methods, i))
shade(i) = tint(i) <= 6 ? colour(tint(i)) : word("#000000 #999933 #882255 #44AA99 #AA4499 #117733 #332288 #DDCC77 #661100 #6699CC", 1 + (tint(i) - 7) % 10)

plot for [i = 1:words(files)] word(files, i) using xc:(column(yc + 1)):(column(yc + 2)) with filledcurves linecolor rgb shade(i) notitle, \
     for [i = 1:words(files)] word(files, i) using xc:yc with linespoints linewidth 2 pointtype 4 + i % 10 pointsize 0.7 linecolor rgb shade(i) title word(labels, i)
