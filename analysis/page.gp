# page.gp - a page as the paper arranges it: curves above, sheets of samples under them, the caption below. The curves are other figures'
# scripts in the folder of the tables, the sheets PNG files. Set before: here, format (svg|pdf|png), output, columns (1: of a text in two
# columns, 85 mm; 2: its whole width, 178 mm), panels (names of scripts), names (of the panels, quoted), sheets (PNG files), under (what
# stands under each sheet, quoted), caption.
panel = 1
page_wide = columns eq "2"
page_count = words(panels)
page_across = page_wide ? (page_count < 3 ? page_count : 2) : 1  # panels in a row
page_rows = (page_count + page_across - 1) / page_across
page_most = page_wide ? 6 : 3                          # sheets in a row
page_grids = words(sheets)
page_per_row = page_grids < page_most ? page_grids : page_most
page_grid_rows = page_grids == 0 ? 0 : (page_grids + page_most - 1) / page_most

page_width = page_wide ? 7.0 : 3.35                    # inches
page_high = page_wide ? 2.75 : 2.35                    # of a panel
page_side = page_grids == 0 ? 0 : (page_width - 0.1) / (page_per_row < 4 && page_wide ? 4 : page_per_row)
page_below = 0.22                                 # under a sheet
page_foot = 0.09 + 0.125 * words(lines)           # caption
page_height = page_rows * page_high + page_grid_rows * (page_side + page_below) + page_foot

if (format eq "svg") set terminal svg size page_width * 96, page_height * 96 font "DejaVu Sans,9.3" background rgb "white"
if (format eq "pdf") set terminal pdfcairo size page_width in, page_height in font "DejaVu Sans,7" linewidth 0.7 pointscale 0.6 background rgb "white"
if (format eq "png") set terminal pngcairo size page_width * 240, page_height * 240 font "DejaVu Sans,7" fontscale 2.5 linewidth 2 pointscale 2 background rgb "white"
set output output
set multiplot

do for [p = 1:page_count] {
    reset
    page_row = (p - 1) / page_across
    set origin real((p - 1) % page_across) / page_across, 1 - (page_row + 1) * page_high / page_height
    set size 1.0 / page_across, page_high / page_height
    load word(panels, p).".gp"
}
do for [g = 1:page_grids] {
    reset
    page_row = (g - 1) / page_most
    page_left = (page_width - page_per_row * page_side) / 2 + ((g - 1) % page_most) * page_side
    set lmargin at screen (page_left + 0.02) / page_width
    set rmargin at screen (page_left + page_side - 0.02) / page_width
    set tmargin at screen 1 - (page_rows * page_high + page_row * (page_side + page_below)) / page_height
    set bmargin at screen 1 - (page_rows * page_high + page_row * (page_side + page_below) + page_side - 0.04) / page_height
    unset tics
    unset border
    unset key
    set label 1 word(under, g) at graph 0.5, graph 0 center offset 0, -0.7 noenhanced
    set autoscale fix
    set size ratio -1
    plot word(sheets, g) binary filetype=png with rgbimage
}
reset
unset tics
unset border
unset key
set lmargin 0
set rmargin 0
set tmargin 0
set bmargin 0
set origin 0, 0
set size 1, 1
set xrange [0:1]
set yrange [0:1]
do for [l = 1:words(lines)] {
    set label l word(lines, l) at screen 0.01, screen (page_foot - 0.02 - 0.125 * (l - 0.5)) / page_height left font (format eq "svg" ? ",7.3" : ",5.5") textcolor rgb "#444444" noenhanced
}
plot NaN notitle
unset multiplot
