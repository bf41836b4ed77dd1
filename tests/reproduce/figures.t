# figures.t - analysis/figures.sh with a tool that prints fixed tables: what is drawn, from what, and what is skipped.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/reproduce/stub.sh"
command -v gnuplot > /dev/null || skip_all "gnuplot is not installed"

gnuplot -e 'set terminal pngcairo size 16,16; set output "sheet.png"; plot x' 2> /dev/null
cat > orw <<'END'
#!/bin/sh
for last; do :; done
case "$1 $2" in
    'export --band') printf '# x mean sd min max half_width n\n0\t0.5\t0.01\t0.4\t0.6\t0.02\t3\n10\t0.9\t0.01\t0.8\t1\t0.02\t3\n' ;;
    'export --last') printf '# run method alpha tau seed reward_mean digit0\nr\torw\t0\t3\t1\t0.9\t0.5\n' ;;
    'export --provenance') printf 'data.train\tmnist-train sha256 00\ndata.frechet_halves\t0.0131\n'; cat "$3" ;;
    'grid '*) cp "${0%/*}/sheet.png" "$3" ;;
    *) [ "$last" != timing ] || { echo "orw: error: no table timing" >&2; exit 2; }
       printf '# round update reward_mean distance loss digit0 effective_sample_size gradient_norm\n0\t0\t0.5\t0\t2\t0.1\t9\t1\n1\t10\t0.9\t0.1\t1\t0.5\t8\t1\n' ;;
esac
END
chmod +x orw
ORW=$PWD/orw export ORW
figures() { "$ORW_ROOT/analysis/figures.sh" "$@" 2>&1; }

out="$PWD/some results"
for run in base orw-alpha0-seed1 orw-alpha0.3-seed1 orw-alpha0.3-seed1.replaced-1 offline-alpha0-seed1; do
    stub_run "$out/target_image/runs/$run"
done
stub_run "$out/target_image/runs/orw-alpha0.8-seed1"
rm "$out/target_image/runs/orw-alpha0.8-seed1/policy.h5"
touch "$out/target_image/runs/orw-alpha0-seed1/samples/final.h5"
found=$(figures "$out" quick)
is $? 0 "figures.sh succeeds"
drawn=$out/figures/target_image
for name in reward_vs_update online_vs_offline judge_entropy_vs_update judge_even_vs_update distance_vs_update distance_vs_reward \
    pairwise_variance_vs_update judge_confidence_vs_update frechet_even_vs_update frechet_vs_update; do
    like "$(head -c 200 "$drawn/$name.svg" 2> /dev/null)" '<svg' "$name is drawn as SVG"
    like "$(head -c 8 "$drawn/$name.png" 2> /dev/null | tr -dc A-Z)" PNG "$name is drawn as PNG"
done
like "$(cat "$drawn/reward_vs_update.svg")" "mnist-train, profile quick" "the title names data set and profile"
like "$(cat "$drawn/reward_vs_update.svg")" "every line: n = 1, seeds 1" "the caption names number and seeds"
like "$(cat "$drawn/reward_vs_update.svg")" "base model" "the base level has its line"
unlike "$(cat "$drawn/reward_vs_update.svg")" "off its plot" "the paper's points stay away from other profiles"
is "$(grep -c ^source "$drawn/reward_vs_update.about")" 2 "sources: complete runs only, none that was moved aside"
like "$(cat "$drawn/reward_vs_update.about")" "target_image/runs/orw-alpha0.3-seed1/run.h5" "sources are named from the results' folder"
like "$(cat "$drawn/frechet_vs_update.svg")" "two halves of them: 0.0131" "a Frechet distance stands beside that of real digits from real digits"
is "$(grep -c ^source "$drawn/frechet_even_vs_update.about")" 3 "and online runs beside the offline one"
like "$(head -c 4 "$drawn/page-alpha.pdf" | tr -d '\000-\037')" '%PDF' "curves and sheets are on one page, as PDF"
like "$(head -c 8 "$drawn/page-alpha.png" | tr -dc A-Z)" PNG "and as PNG"
is "$(tr '<' '\n' < "$drawn/page-alpha.svg" | grep -c '^image')" 1 "and as SVG with the sheet that there is in it"
like "$(cat "$drawn/page-alpha.svg")" '>alpha = 0</text>' "which says what it is"
like "$(head -n 12 "$drawn/page-alpha-1column.svg")" 'width="321"' "85 mm wide for a column"
like "$(head -n 12 "$drawn/page-alpha.svg")" 'width="672"' "178 mm wide for two"
is "$(grep -c ^source "$drawn/page-alpha.about")" 2 "its sources are those of its curves"
like "$(cat "$drawn/health/orw-alpha0-seed1.svg")" 'gradient norm' "each run has a page on how training went"

# A band of a share ends where shares do: wider ones look alike. A reward that is none has no such ends.
band() { # band HALF_WIDTH COLUMN: the sum of a figure
    printf '# x mean sd min max half_width n\n0\t0.5\t0\t0\t1\t%s\t3\n9\t0.6\t0\t0\t1\t%s\t3\n' "$1" "$1" > band.tsv
    bash -c '. "$ORW_ROOT/analysis/lib.sh"; . "$ORW_ROOT/analysis/runs.sh"; scripts=x/steering; read -r low high <<< "$(limits_of "$1")"
        gnuplot -e "here=\"$ORW_ROOT/analysis\"; format=\"svg\"; output=\"band.svg\"; title=\"\"; caption=\"\"; xlabel=\"\"; ylabel=\"\"; files=\"band.tsv\"; labels=\"a\"; styles=\"1\"; base=\"\"; paper=\"\"; low=\"${low#-}\"; high=\"${high#-}\"" "$ORW_ROOT/analysis/bands.gp"' bash "$2" 2> band.err
    sha256sum < band.svg
}
is "$(band 0.7 judge_right)" "$(band 0.9 judge_right)" "a band of a share ends at 0 and 1"
[ "$(band 0.7 reward_mean)" != "$(band 0.9 reward_mean)" ]
report $? "one of another quantity does not"

# One figure alone, as the report says; the others stay.
before=$(sha256sum < "$drawn/online_vs_offline.svg")
rm "$drawn/reward_vs_update.svg"
figures "$out" quick target_image/reward_vs_update > log
is "$(grep 'drawn [a-z]*_' log)" "figures: drawn reward_vs_update" "one figure is drawn by its name"
is "$(sha256sum < "$drawn/online_vs_offline.svg")" "$before" "the others stay"
alone=$(figures "$out" quick nothing)
is "$? $(printf '%s\n' "$alone" | grep -c .)" "2 1" "another word is refused"

# Tables are the same however often they are written.
tables() { (cd "$out/figures/data" && find . -type f -exec sha256sum {} + | sort); }
was=$(tables)
mkdir tools
printf '#!/bin/sh\n' > tools/gnuplot
chmod +x tools/gnuplot
cp -r "$out/figures" kept
PATH=$PWD/tools:$PATH figures "$out" quick > /dev/null
is "$(tables)" "$was" "drawn again, every table has the same bytes"
rm -r "$out/figures"
mv kept "$out/figures"

exists "$drawn/grid-alpha0.png" "there is a grid where there are samples"
like "$found" "skipped grid-alpha0.3: target_image/runs/orw-alpha0.3-seed1/samples/final.h5 is not there" "and a line where not"
like "$found" "skipped pretraining" "a base model that is missing is skipped with a line"
unlike "$found" "[Nn]o such file" "no error of a tool shows"
figures "$out" paper > /dev/null
like "$(cat "$drawn/reward_vs_update.svg")" "off its plot" "the paper's points are drawn on the paper's profile"

mkdir empty
like "$(figures empty quick)" "skipped target_image: no results" "an empty folder is skipped with a line"
for arguments in "" "nowhere quick" "one two three/x four"; do
    # shellcheck disable=SC2086
    found=$(figures $arguments)
    is "$? $(printf '%s\n' "$found" | grep -c .)" "2 1" "figures.sh '$arguments' is refused in one line"
done

done_testing
