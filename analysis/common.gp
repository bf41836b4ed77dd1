# common.gp - terminal, palette and frame of every figure. Set before: here, format (svg|png), output, title, caption.
# Scripts run in the folder of the exported tables, so that lists of file names are lists of words.
# Colours: Okabe and Ito's palette, distinguishable with the common colour deficiencies; grey dashes for the base model.

if (format eq "svg") set terminal svg size 820,520 font "DejaVu Sans,13" background rgb "white"
if (format eq "png") set terminal pngcairo size 1640,1040 font "DejaVu Sans,13" fontscale 2 linewidth 2 background rgb "white"
set output output
set encoding utf8
set decimalsign "."
set datafile missing "nan"

colour(i) = word("#D55E00 #0072B2 #009E73 #CC79A7 #E69F00 #56B4E9", 1 + (i - 1) % 6)
base_colour = "#666666"

set label 2 title at screen 0.015, screen 0.965 left font ",14" noenhanced
set tmargin 3.5
set label 1 caption at screen 0.015, screen 0.025 left font ",9" textcolor rgb "#444444" noenhanced
set bmargin 6
set grid linecolor rgb "#DDDDDD"
set border 3 linecolor rgb "#444444"
set tics nomirror
set key outside right top Left reverse noenhanced samplen 2
set style fill transparent solid 0.2 noborder
