# recipes.t - the recipes of docs/gnuplot.md work as they are printed, on a small sweep that is run here.
. "$ORW_ROOT/tests/tap.sh"
command -v gnuplot > /dev/null || skip_all "gnuplot is not installed"
ln -s "$BUILD" build
build/bin/target_image "$ORW_ROOT/experiments/target_image/smoke.conf" --out results/quick --set pretrain.updates=4 --set classifier_a.updates=4 \
    --set classifier_b.updates=4 --set finetune.rounds=6 --set evaluate.every=3 --set samples.every=3 --set sweep.orw=0,0.3,0.8 \
    --set sweep.offline=0 --set sweep.seeds=1,2 > run.log 2>&1 || { report 1 "a small sweep"; tail -n 3 run.log; done_testing; }

awk '/^```sh$/ { on = 1; file = sprintf("recipe%02d.sh", ++n); next } /^```$/ { on = 0 } on { print > file }' "$ORW_ROOT/docs/gnuplot.md"
is "$(grep -c '^```sh$' "$ORW_ROOT/docs/gnuplot.md")" "$(printf '%s\n' recipe*.sh | wc -l | tr -d ' ')" "every recipe is taken"
for recipe in recipe*.sh; do
    if grep -q h5dump "$recipe" && ! command -v h5dump > /dev/null; then skip "$recipe: h5dump is not installed"; continue; fi
    images=$(sed -n 's/^set output "\(.*\)"/\1/p' "$recipe")
    said=$(sh -e "$recipe" 2> err)
    is "$? $(grep -v '^$\|degree sign' err)" "0 " "$recipe runs without a word of complaint"
    for image in $images; do
        [ "$(head -c 8 "$image" 2> /dev/null | tr -dc A-Z)" = PNG ] && [ "$(wc -c < "$image")" -gt 4000 ]
        report $? "and draws $image"
    done
    if grep -q 'terminal dumb' "$recipe"; then like "$said" '\*' "and draws in text"; fi
done

done_testing
