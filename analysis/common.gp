# common.gp - terminal, palette and frame of every figure. Set before: here, format (svg|png), output, title, caption; or `panel`, where
# the figure is a part of a page (page.gp), which has set the terminal.
# Scripts run in the folder of the exported tables, so that lists of file names are lists of words.

if (!exists("panel")) {
    if (format eq "svg") { set terminal svg size 820,520 font "DejaVu Sans,13" background rgb "white" }
    if (format eq "png") { set terminal pngcairo size 1640,1040 font "DejaVu Sans,13" fontscale 2 linewidth 2 pointscale 2 background rgb "white" }
    set output output
    set label 2 title at screen 0.015, screen 0.965 left font ",14" noenhanced
    set tmargin 3.5
    set label 1 caption at screen 0.015, screen 0.025 left font ",9" textcolor rgb "#444444" noenhanced
    set bmargin 6
    set key outside right top Left reverse noenhanced samplen 4
} else {
    set lmargin 11
    set rmargin 2
    set tmargin 1
    set key below center horizontal maxcols 3 Left reverse noenhanced samplen 3 spacing 0.9
}
set encoding utf8
set decimalsign "."
set datafile missing "nan"

# Okabe and Ito's palette, distinguishable with the common colour deficiencies; dashes and marks tell lines apart in grey. A setting has
# one style, a number, in all figures of its experiment: from 1 on; 101 is offline, 102 the control without a reward.
colour(i) = i == 101 ? "#000000" : i == 102 ? "#888888" : word("#D55E00 #0072B2 #009E73 #CC79A7 #E69F00 #56B4E9", 1 + (i - 1) % 6)
dash(i) = i == 101 ? 1 : i == 102 ? 3 : int(word("1 2 4 5 3", 1 + (i - 1) % 5))
shape(i) = i == 101 ? 2 : i == 102 ? 1 : int(word("7 5 9 13 11 15", 1 + (i - 1) % 6))
style(i) = int(word(styles, i)) # of the i-th of a figure's settings
base_colour = "#666666"

set grid linecolor rgb "#DDDDDD"
set border 3 linecolor rgb "#444444"
set tics nomirror
set style fill transparent solid 0.2 noborder
