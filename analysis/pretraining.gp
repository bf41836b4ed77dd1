# pretraining.gp - the base model's flow-matching loss while it is trained. Set besides common.gp's: table, xcolumn, ycolumn.
load here."/common.gp"
set xlabel "update" noenhanced
set ylabel "flow-matching loss, mean over elements" noenhanced
set logscale y
unset key
x = int(xcolumn)
y = int(ycolumn)
plot table using x:y with lines linewidth 1.5 linecolor rgb colour(2)
