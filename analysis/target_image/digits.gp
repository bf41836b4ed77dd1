# digits.gp - which digits the judge sees: shares at the start (base) and at the end for each alpha, mean over seeds.
# Set besides common.gp's: table ("digit<TAB>base<TAB>alpha ...", first line names the columns), columns (their number).
load here."/common.gp"
set xlabel "digit, by classifier B (not the reward)" noenhanced
set ylabel "share of the evaluation samples" noenhanced
set yrange [0:*]
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 noborder

plot table using 2:xtic(1) linecolor rgb base_colour title columnheader(2) noenhanced, \
     for [i = 3:int(columns)] table using i linecolor rgb colour(i - 2) title columnheader(i) noenhanced
