# alpha.gp - quantities at the end of fine-tuning against alpha, with the 95 % t interval over seeds.
# Set besides common.gp's: ylabel, files ("alpha<TAB>mean<TAB>half width", one per quantity), labels (one per quantity, quoted),
# level and level_label (a dashed line: the base model, or real images; "" for none), base (a second one, the base model; or ""),
# paper (file "alpha<TAB>value", or "").
load here."/common.gp"
set xlabel exists("panel") ? "alpha" : "alpha, strength of the Wasserstein regularisation" noenhanced
set ylabel ylabel noenhanced
set autoscale noextend
set offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05

line(text) = text eq "" ? NaN : real(text)
points = paper eq "" ? "/dev/null" : paper

plot for [i = 1:words(files)] word(files, i) using 1:($2 - $3):($2 + $3) with filledcurves linecolor rgb colour(i) notitle, \
     for [i = 1:words(files)] word(files, i) using 1:2:3 with yerrorbars pointtype 7 pointsize 0.6 linecolor rgb colour(i) notitle, \
     for [i = 1:words(files)] word(files, i) using 1:2 with lines linewidth 2 dashtype dash(i) linecolor rgb colour(i) title word(labels, i), \
     line(base) with lines dashtype 2 linewidth 1.5 linecolor rgb base_colour title (base eq "" ? "" : "base model"), \
     line(level) with lines dashtype 3 linewidth 1.5 linecolor rgb "#999999" title (level eq "" ? "" : level_label), \
     points using 1:2 with points pointtype 4 linecolor rgb "#AAAAAA" title (paper eq "" ? "" : "paper (off its plot)")
