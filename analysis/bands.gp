# bands.gp - a mean with its band (95 % t interval over seeds) against updates or samples, one line per setting.
# Set besides common.gp's: xlabel, ylabel, files (one per setting), labels and styles (one per setting), base (level or ""),
# low and high (what the quantity can be at least and at most, or ""), paper (file "x<TAB>y<TAB>label" or "").
load here."/common.gp"
set xlabel xlabel noenhanced
set ylabel ylabel noenhanced

level = base eq "" ? NaN : real(base)
points = paper eq "" ? "/dev/null" : paper
# An interval of a share may reach beyond what a share can be; the share cannot.
inside(y) = high ne "" && y > real(high) ? real(high) : low ne "" && y < real(low) ? real(low) : y

plot for [i = 1:words(files)] word(files, i) using 1:(inside($2 - $6)):(inside($2 + $6)) with filledcurves \
         linecolor rgb colour(style(i)) notitle, \
     for [i = 1:words(files)] word(files, i) using 1:2 with lines linewidth 2 dashtype dash(style(i)) linecolor rgb colour(style(i)) \
         title word(labels, i), \
     level with lines dashtype 2 linewidth 1.5 linecolor rgb base_colour title (base eq "" ? "" : "base model"), \
     points using 1:2 with points pointtype 4 linecolor rgb "#AAAAAA" title (paper eq "" ? "" : "paper (off its plot)"), \
     points using 1:2:3 with labels offset 0,-1 font ",8" textcolor rgb "#888888" noenhanced notitle
