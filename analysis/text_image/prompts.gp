# prompts.gp - share of samples judged right, by prompt. Set besides common.gp's: table ("prompt<TAB>base<TAB>setting ...", first
# line names the columns), columns (their number).
load here."/common.gp"
set datafile separator "\t"
set bmargin 9
set ylabel "share judged right" noenhanced
set yrange [0:1]
set xtics rotate by -15 font ",9" noenhanced
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 noborder

plot table using 2:xtic(1) linecolor rgb base_colour title columnheader(2) noenhanced, \
     for [i = 3:int(columns)] table using i linecolor rgb colour(i - 2) title columnheader(i) noenhanced
