# damaged.t - run files cut short, flipped, of another kind, from elsewhere, still being written: named in the report and skipped; figures
# and verdicts are those of the others.
. "$ORW_ROOT/tests/tap.sh"
mkdir tools # tables are what counts here: nothing needs to be drawn
printf '#!/bin/sh\n' > tools/gnuplot
chmod +x tools/gnuplot
"$BUILD/bin/target_image" "$ORW_ROOT/experiments/target_image/smoke.conf" --out out --set pretrain.updates=4 --set classifier_a.updates=4 \
    --set classifier_b.updates=4 --set finetune.rounds=4 --set evaluate.every=2 --set samples.every=2 --set sweep.orw=0,0.3 \
    --set sweep.offline= --set sweep.seeds=1,2,3 > run.log 2>&1 || { report 1 "a small sweep"; tail -n 3 run.log; done_testing; }
runs=out/target_image/runs
drawn() { PATH=$PWD/tools:$PATH ORW=$BUILD/bin/orw "$ORW_ROOT/analysis/figures.sh" out smoke > log 2>&1 && "$ORW_ROOT/analysis/report.pl" --out out --profile smoke --published none > told 2>&1; }
drawn
is "$?" 0 "a whole sweep is drawn"
unlike "$(cat out/report.html)" "Not read" "and nothing is left out"
band() { cat out/figures/data/target_image/reward_vs_update-orw-alpha0.tsv; }
is "$(band | tail -n 1 | cut -f 7)" 3 "its band is of three seeds"

head -c 3000 $runs/orw-alpha0-seed1/run.h5 > cut && cp cut $runs/orw-alpha0-seed1/run.h5
printf x | dd of=$runs/orw-alpha0.3-seed2/run.h5 bs=1 seek=9000 conv=notrunc 2> dd.err
cp $runs/orw-alpha0.3-seed1/samples/final.h5 $runs/orw-alpha0.3-seed3/run.h5
printf x | dd of=$runs/orw-alpha0.3-seed1/samples/final.h5 bs=1 seek=3000 conv=notrunc 2>> dd.err
rm $runs/orw-alpha0-seed3/policy.h5
mkdir "$runs/\$(touch executed)" && cp $runs/orw-alpha0-seed2/run.h5 "$runs/\$(touch executed)"
drawn
is "$?" 0 "with damaged files among them it is drawn as well"
page=$(sed 's/&#[0-9]*;/./g' out/report.html)
like "$page" "<li>skipped run .orw-alpha0-seed1.: .*damaged: 3000 bytes, expected" "a file cut short is named, with the reason"
like "$page" "<li>skipped run .orw-alpha0.3-seed2.: .*damaged" "so is one with a flipped byte"
like "$page" "<li>skipped run .orw-alpha0.3-seed3.: " "and one of another kind"
like "$page" "<li>not drawn: grid-alpha0.3: .*damaged" "and samples that are damaged"
like "$page" "<li>skipped run .*touch executed" "and a folder with a command for its name"
is "$(find . -name executed)" "" "which is not executed"
is "$(band | tail -n 1 | cut -f 7)" 1 "the band is of the one that is whole and complete"
is "$(awk -F '\t' '$1 == "C1" && $2 == "reward at the end" { print $3, $8 }' out/claims.tsv)" "alpha=0 1
alpha=0.3 1
alpha=0.8 0" "verdicts count the same"
like "$page" "6 runs\|3 runs, of which 2 are complete" "the report counts what it read"

done_testing
