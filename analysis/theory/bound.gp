# bound.gp - T4. Columns: alpha round seed w2_squared integral log10_bound log10_estimate lipschitz.
# Set besides common.gp's: column (1: against alpha, 2: against the round at alpha = 0), label.
load here."/common.gp"
c = int(column)
place(a, r) = c == 1 ? a / (1 + a) : (a == 0 ? r : NaN)
set xlabel (c == 1 ? "alpha / (1 + alpha)" : "online rounds") noenhanced
set ylabel "log10" noenhanced
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05
plot table using (place($1, $2)):6 with points pointtype 8 linecolor rgb base_colour title "bound, L from weights", \
     table using (place($1, $2)):7 with points pointtype 6 linecolor rgb colour(2) title "estimate, L sampled", \
     table using (place($1, $2)):(log10($5)) with points pointtype 1 linecolor rgb colour(3) title "integral, L = 0", \
     table using (place($1, $2)):(log10($4)) with points pointtype 7 linecolor rgb colour(1) title "W2^2, exact"
