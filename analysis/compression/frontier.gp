# frontier.gp - one quantity at the end of fine-tuning against another, a point per alpha with 95 % t intervals over seeds: what is paid
# for what is gained. Set besides common.gp's: xlabel, ylabel, table ("alpha<TAB>x<TAB>half width<TAB>y<TAB>half width"),
# others (the same of offline and control, "...<TAB>name<TAB>style"), runs ("x<TAB>y", one line per run), base ("x y", or ""), data ("x y" of real images, or ""), paper (file "x<TAB>y<TAB>alpha", or "").
load here."/common.gp"
set xlabel xlabel noenhanced
set ylabel ylabel noenhanced
set xtics rotate by -30
set autoscale noextend
set offsets graph 0.05, graph 0.05, graph 0.08, graph 0.05

points = paper eq "" ? "/dev/null" : paper
at(text, i) = words(text) < 2 ? NaN : real(word(text, i))
array one[1]

plot table using 2:4 with lines linewidth 1.5 linecolor rgb colour(2) notitle, \
     runs using 1:2 with points pointtype 7 pointsize 0.4 linecolor rgb colour(6) title "runs", \
     table using 2:4:3:5 with xyerrorbars pointtype 7 pointsize 0.9 linecolor rgb colour(2) title "mean over seeds", \
     table using 2:4:(sprintf("alpha %g", $1)) with labels offset 0.6,0.7 left font ",9" noenhanced notitle, \
     others using 2:4:3:5 with xyerrorbars pointtype 2 pointsize 0.9 linecolor rgb "#444444" notitle, \
     others using 2:4:6 with labels offset 0.6,-0.7 left font ",9" noenhanced notitle, \
     one using (at(base, 1)):(at(base, 2)) with points pointtype 2 pointsize 1.2 linewidth 2 linecolor rgb base_colour title (base eq "" ? "" : "base model"), \
     one using (at(data, 1)):(at(data, 2)) with points pointtype 3 pointsize 1.2 linewidth 2 linecolor rgb colour(3) title (data eq "" ? "" : "training images"), \
     points using 1:2 with points pointtype 4 linecolor rgb "#AAAAAA" title (paper eq "" ? "" : "paper (off its plots)")
