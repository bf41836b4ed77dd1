# names.t - names of folders, columns and cells that others chose: nothing is executed, nothing becomes markup, and what is no run's
# name is said and not counted.
. "$ORW_ROOT/tests/tap.sh"
tab=$(printf '\t')
has() { # has FILE PATTERN NAME
    grep -q -e "$2" "$1"
    report $? "$3"
}
report_of() { "$ORW_ROOT/analysis/report.pl" --out "$1" --profile quick 2>&1; }

# A run is what its run file says: the folder's name is not read. A tool that prints what a stub of a run file holds:
printf '#!/bin/sh\n[ "$1 $2" = "export --provenance" ] || exit 2\ngrep -q broken "$3" && { echo "orw: error: $3: damaged" >&2; exit 2; }\ncat "$3"\n' > tool
chmod +x tool
runs() { run "$ORW_ROOT/analysis/runs.pl" "$PWD/tool" "$1"; }
run_file() { # run_file FOLDER SETTING ALPHA SEED
    mkdir -p "$1"
    printf 'commit\tabc\nrun.setting\t%s\nrun.alpha\t%s\nrun.seed\t%s\nconfiguration\t[run]\\nseed = 9\\n\n' "$2" "$3" "$4" > "$1/run.h5"
}
run_file folder/orw-alpha0-seed1 orw 0 1
touch folder/orw-alpha0-seed1/policy.h5
run_file folder/renamed orw 0.3 12
run_file folder/raft-alpha7-seed7 orw-tau3-rate1e-05 1e-05 0
run_file folder/3+x.y_z orw-lora 1e+01 3
run_file folder/base none 0 0
run_file folder/orw-alpha0-seed1.replaced-2 orw 0 1
mkdir folder/orw-alpha0-seed3
runs folder
is "$out" "# name${tab}method${tab}alpha${tab}seed${tab}complete
3+x.y_z${tab}orw-lora${tab}1e+01${tab}3${tab}no
orw-alpha0-seed1${tab}orw${tab}0${tab}1${tab}yes
raft-alpha7-seed7${tab}orw-tau3-rate1e-05${tab}1e-05${tab}0${tab}no
renamed${tab}orw${tab}0.3${tab}12${tab}no" "runs are what their files say, whatever their folders are called"
is "$err" "" "those moved aside, the base model's and folders without a run file are no runs, without a word"

line=$(printf 'a\nb')
feed=${line#a} feed=${feed%b}
while IFS='|' read -r setting alpha seed; do
    run_file "values/$((count += 1))" "$setting" "$alpha" "$seed"
done <<'END'
orw||1
orw|0.|1
orw|00|1
orw|-1|1
orw|nan|1
orw|0|01
orw|0|
orw|0|1x
orw|0|1 
Orw|0|1
|0|1
or w|0|1
orw"|0|1
orw'|0|1
orw$(touch x)|0|1
orw&|0|1
ör|0|1
END
mkdir values/nothing values/broken
echo broken > values/broken/run.h5
printf 'run.method\torw\nrun.alpha\t0\nrun.seed\t1\n' > values/nothing/run.h5
long=$(printf '%0220d' 0)
for name in "orw-alpha0-seed1${feed}x" "orw-alpha0-seed5$feed" 'a b' 'a$(touch x)' '-n' 'a"b' "ör" "a'b" "a$long"; do run_file "values/$name" orw 0 1; done
runs values
is "$out" "# name${tab}method${tab}alpha${tab}seed${tab}complete" "values and folders that are none of a run's are not counted"
is "$(printf '%s\n' "$err" | grep -c "^skipped run '[0-9a-z]*': expected run.setting, run.alpha and run.seed of a run in its provenance$")" 18 \
    "values: each is said in one line"
is "$(printf '%s\n' "$err" | grep -c "^skipped run '.*': expected a folder named by letters, digits and . _ + -$")" 9 "folders: each is said in one line"
like "$err" "^skipped run 'broken': orw: error: values/broken/run.h5: damaged$" "a file that cannot be read, with the reason"
is "$(printf '%s\n' "$err" | grep -c .) $(printf '%s' "$err" | tr -d '\n -~')" "28 " "and nothing else, in printable letters"
like "$err" "'orw-alpha0-seed1?x'" "whatever they hold"
is "$(find . -name x)" "" "nothing of it is executed"
runs nowhere
is "$status $err" "0 " "where there are none there are none"

# Markup and commands wherever text can come from: folders, columns, cells, provenance, times.
evil='&lt;<script>alert(1)</script>"><img src=x onerror=1>'
data=evil/figures/data/target_image
mkdir -p "$data/base" "$data/runs/orw-alpha0-seed1" "evil/figures/target_image"
printf '# name\tmethod\talpha\tseed\tcomplete\n%s\torw\t0\t1\tyes\n%s\t%s\t%s\t%s\tyes\n' orw-alpha0-seed1 "orw-alpha$evil-seed1" orw "$evil" 1 \
    > "$data/runs.tsv"
printf "skipped run '%s'\n" "$evil" > "$data/skipped.txt"
printf 'data.train\t<b>set</b> x\n%s\tkey\nrun.x<i>\t1\ncommit\t%s \001\377\nconfiguration\t[a]\\nb = %s\n' "$evil" "$evil" "$evil" \
    > "$data/runs/orw-alpha0-seed1/provenance.tsv"
printf '# round\treward_mean\t<b>column</b>\n0\t0.5\t1\n1\t0.7\t2\n' | tee "$data/base/evaluation.tsv" > "$data/runs/orw-alpha0-seed1/evaluation.tsv"
sed 's/^# round/# <b>phase<\/b>/' "$data/base/evaluation.tsv" > "$data/runs/orw-alpha0-seed1/timing.tsv"
printf '# when\tstage\tprofile\tranks\tseconds\toutcome\nx\trun/%s\tquick\t%s\t1\tdone\nx\t%s\tquick\t2\t1\tdone\nx\trun/b\tquick\t2\t%s\tdone\n' \
    "$evil" "$evil" "$evil" "$evil" > evil/times.tsv
echo '<svg/>' > evil/figures/target_image/reward_vs_update.svg
printf 'title\t%s\ncaption\t%s\nclaims\t%s\nsource\t%s\n' "$evil" "$evil" "$evil" "$evil" > evil/figures/target_image/reward_vs_update.about
cp evil/figures/target_image/reward_vs_update.about "evil/figures/target_image/x\" onload=\"1.about"
cp evil/figures/target_image/reward_vs_update.svg "evil/figures/target_image/x\" onload=\"1.svg"
mkdir -p evil/figures/data/theory
printf '# row\ttest\texpected\tmeasured\tstandard_error\tallowance\tholds\tseeds\n1\t1\t1\t1\t0\t0\t1\t3\n2\t1\t1\t2\t0\t0\t0\t3\n' > evil/figures/data/theory/verdicts.tsv
printf 'verdict.001\t%s\nverdict.002\tsecond\n' "$evil" > evil/figures/data/theory/provenance.tsv
found=$(report_of evil)
is "$?" 0 "the report is written"
is "$(printf '%s' "$found" | tr -d '\n -~')" "" "what it says is printable"
is "$(grep -o '.\{0,60\}\(<script>[^a]\|<script>al\|<img src=x\|onload="1\|<b>\|x<i>\)' evil/report.html)" "" "nothing of it is markup in the page"
has evil/report.html 'alt="&#38;lt;&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#62;' "nor does it end an attribute"
has evil/report.html '&#60;b&#62;column&#60;/b&#62;' "a column's name is shown as it is"
has evil/report.html "<h2>Target images - &#60;b&#62;set&#60;/b&#62;</h2>" "and the data set's"
has evil/report.html "phase&#60;/b&#62;" "and a phase's"
has evil/report.html "<li>runs.tsv: 'orw-alpha&#38;lt;&#60;script&#62;.*: not counted, expected a run's folder, setting, alpha and seed" "a run with markup in its name is said"
has evil/report.html "<li>skipped run '&#38;lt;&#60;script" "and what the figures skipped"
has evil/report.html "<li>times.tsv: '&#38;lt;&#60;script.* is no number: that row is not counted</li>" "and rows of times that hold no numbers"
is "$(iconv -f UTF-8 -t UTF-8 < evil/report.html 2>&1 | cmp - evil/report.html)" "" "the page is UTF-8, whatever came in"
is "$(tr -d '\t\n -~\200-\377' < evil/report.html | wc -c | tr -d ' ')" 0 "without control characters"
is "$(awk -F "$tab" 'NF != 15' evil/claims.tsv)" "" "claims.tsv has its columns"

has evil/report.html '<td>second</td><td>1</td><td>2</td><td>0</td><td>0</td><td><span class="verdict v-fails">fails' "a check of the theory that fails is seen to"

# Cells of claims.tsv: a prompt's text with a tab in it.
data=prompt/figures/data/text_image
mkdir -p "$data/runs/orw-alpha1-seed1"
printf '# name\tmethod\talpha\tseed\tcomplete\norw-alpha1-seed1\torw\t1\t1\tyes\n' > "$data/runs.tsv"
printf 'prompts.count\t1\nprompt.0\ta\tcat\r\nrun.reward\talignment\n' > "$data/runs/orw-alpha1-seed1/provenance.tsv"
printf '# round\tright_0\n0\t0.5\n1\t0.7\n' > "$data/runs/orw-alpha1-seed1/evaluation.tsv"
is "$(report_of prompt)$(awk -F "$tab" 'NF != 15' prompt/claims.tsv)" "" "a text with a tab in it stays in its cell"
has prompt/claims.tsv "ORW-CFM-W2: a cat" "and is there"
sed -i 's/^prompts.count.*/prompts.count\t1e99/' "$data/runs/orw-alpha1-seed1/provenance.tsv"
is "$(report_of prompt)" "" "a number of prompts that nobody has ends"

# Folders, as a user meets them: a name that gnuplot would run.
command -v gnuplot > /dev/null || { skip "gnuplot is not installed"; done_testing; }
cat > orw <<'END'
#!/bin/sh
case "$1 $2" in
    'export --band') printf '# x mean sd min max half_width n\n0\t0.5\t0.01\t0.4\t0.6\t0.02\t3\n10\t0.9\t0.01\t0.8\t1\t0.02\t3\n' ;;
    'export --provenance') printf 'data.train\tmnist-train sha256 00\n'; cat "$3" ;;
    'grid '*) exit 2 ;;
    *) printf '# round\tupdate of all\treward_mean\tdistance\n0\t0\t0.5\t0\n1\t10\t0.9\t0.1\n' ;;
esac
END
chmod +x orw
page=$(printf '\f')
for name in orw-alpha0-seed1 "orw-alpha0$page<touch\${IFS}executed;x-seed1" "orw-alpha0 <touch\${IFS}executed;x-seed1" "orw-alpha0\"|touch executed-seed1" \
    "orw-alpha\$(touch executed)-seed1" "orw-alpha0\`touch executed\`-seed1" "orw-alpha$line-seed1"; do
    for folder in target_image/runs text_image/runs text_image/others; do
        run_file "out/$folder/$name" orw 0 1
        touch "out/$folder/$name/policy.h5"
    done
done
found=$(ORW=$PWD/orw "$ORW_ROOT/analysis/figures.sh" out quick 2>&1)
is $? 0 "figures are drawn beside folders with commands in their names"
is "$(find . -name 'executed*')" "" "none of which is executed"
like "$found" "skipped run 'orw-alpha0?<touch..IFS.executed;x-seed1': expected a folder named by" "each is said"
is "$(grep -c ^source out/figures/target_image/distance_vs_reward.about)" 1 "and not drawn"
is "$(cd out/figures/data/text_image/others && ls)" orw-alpha0-seed1.tsv "nor exported"
is "$(sed -n 's/^\([^#]\S*\).*/\1/p' out/figures/data/target_image/runs.tsv)" orw-alpha0-seed1 "nor listed"
report_of out > /dev/null
is "$(grep -o '<li>skipped run' out/report.html | wc -l | tr -d ' ')" 12 "the report says which"
# "update of all" is three words: columns are told by tabs. What is no number is in no mean, with any awk.
shared() { bash -c '. "$ORW_ROOT/analysis/lib.sh"; . "$ORW_ROOT/analysis/runs.sh"; "$@"' bash "$@"; }
printf '# a b\n1\t-nan\nnan\t4\n3\tinf\n' > some.tsv
is "$(shared column_of out/figures/data/target_image/runs/orw-alpha0-seed1/evaluation.tsv distance)" 4 "a blank in a column's name moves no column"
is "$(shared mean_of some.tsv a) $(shared mean_of some.tsv b)" "2 4" "values that are not known are in no mean"

done_testing
