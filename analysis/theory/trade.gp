# trade.gp - T5. Columns: alpha reward reward_error w2 w2_error closed_reward closed_w2 base_reward.
load here."/common.gp"
set xlabel "alpha / (1 + alpha)" noenhanced
set ylabel "mean reward; W2" noenhanced
set xrange [-0.03:1]
plot table using ($1 / (1 + $1)):2:3 with yerrorlines pointtype 7 linewidth 1.5 linecolor rgb colour(1) title "reward", \
     table using ($1 / (1 + $1)):4:5 with yerrorlines pointtype 7 linewidth 1.5 linecolor rgb colour(2) title "W2 (exact)", \
     table using ($1 == 0 ? 0 : NaN):6 with points pointtype 4 pointsize 2 linecolor rgb colour(1) title "closed form, alpha = 0", \
     table using ($1 == 0 ? 0 : NaN):7 with points pointtype 4 pointsize 2 linecolor rgb colour(2) notitle, \
     table using ($1 / (1 + $1)):8 with lines dashtype 2 linecolor rgb base_colour title "reward of the base model"
