# names.t - names of folders, columns and cells that others chose: nothing is executed, nothing becomes markup, and what is no run's
# name is said and not counted.
. "$ORW_ROOT/tests/tap.sh"
tab=$(printf '\t')
has() { # has FILE PATTERN NAME
    grep -q -e "$2" "$1"
    report $? "$3"
}
report_of() { "$ORW_ROOT/analysis/report.pl" --out "$1" --profile quick 2>&1; }

# The one reader of names.
mkdir folder
while IFS= read -r name; do
    mkdir "folder/$name"
    touch "folder/$name/run.h5"
done <<'END'
orw-alpha0-seed1
orw-alpha0.3-seed12
orw-alpha1e-05-seed0
orw-lora-alpha1e+01-seed3
base
orw-alpha0-seed1.replaced-2
orw-alpha-seed1
orw-alpha0.-seed1
orw-alpha00-seed1
orw-alpha-1-seed1
orw-alphanan-seed1
orw-alpha0-seed01
orw-alpha0-seed
orw-alpha0-seed1x
orw-alpha0-seed1 
Orw-alpha0-seed1
-alpha0-seed1
or w-alpha0-seed1
orw"-alpha0-seed1
orw'-alpha0-seed1
orw$(touch x)-alpha0-seed1
orw&-alpha0-seed1
ör-alpha0-seed1
END
touch folder/orw-alpha0-seed1/policy.h5
line=$(printf 'a\nb')
feed=${line#a} feed=${feed%b}
long=$(printf '%0120d' 0)
for name in "orw-alpha0-seed1${feed}x" "orw-alpha0-seed5$feed" "orw_$long-alpha0-seed1"; do
    mkdir "folder/$name"
    touch "folder/$name/run.h5"
done
mkdir folder/orw-alpha0-seed3
run "$ORW_ROOT/analysis/runs.pl" folder
is "$out" "# name${tab}method${tab}alpha${tab}seed${tab}complete
orw-alpha0-seed1${tab}orw${tab}0${tab}1${tab}yes
orw-alpha0.3-seed12${tab}orw${tab}0.3${tab}12${tab}no
orw-alpha1e-05-seed0${tab}orw${tab}1e-05${tab}0${tab}no
orw-lora-alpha1e+01-seed3${tab}orw-lora${tab}1e+01${tab}3${tab}no" "names of runs, and nothing else, are runs"
is "$(printf '%s\n' "$err" | grep -c "^skipped run '.*': expected METHOD-alphaA-seedS$") $(printf '%s\n' "$err" | grep -c .)" "20 20" \
    "each other one is said in one line"
unlike "$err" "replaced\|'base'" "but for those moved aside, and the base model's"
is "$(printf '%s' "$err" | tr -d '\n -~')" "" "in printable letters"
like "$err" "'orw-alpha0-seed1?x'" "whatever they hold"
run "$ORW_ROOT/analysis/runs.pl" nowhere
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
is "$(grep -o '.\{0,60\}\(<script\|<img src=x\|onload="1\|<b>\|x<i>\)' evil/report.html)" "" "nothing of it is markup in the page"
has evil/report.html 'alt="&#38;lt;&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#62;' "nor does it end an attribute"
has evil/report.html '&#60;b&#62;column&#60;/b&#62;' "a column's name is shown as it is"
has evil/report.html "<h2>Target images - &#60;b&#62;set&#60;/b&#62;</h2>" "and the data set's"
has evil/report.html "phase&#60;/b&#62;" "and a phase's"
has evil/report.html "<li>runs.tsv: 'orw-alpha&#38;lt;&#60;script&#62;.*: not counted, expected METHOD-alphaA-seedS" "a run with markup in its name is said"
has evil/report.html "<li>skipped run '&#38;lt;&#60;script" "and what the figures skipped"
has evil/report.html "<li>times.tsv: '&#38;lt;&#60;script.* is no number: that row is not counted</li>" "and rows of times that hold no numbers"
is "$(iconv -f UTF-8 -t UTF-8 < evil/report.html 2>&1 | cmp - evil/report.html)" "" "the page is UTF-8, whatever came in"
is "$(tr -d '\t\n -~\200-\377' < evil/report.html | wc -c | tr -d ' ')" 0 "without control characters"
is "$(awk -F "$tab" 'NF != 11' evil/claims.tsv)" "" "claims.tsv has its columns"

has evil/report.html '<td>second</td><td>1</td><td>2</td><td>0</td><td>0</td><td><span class="verdict v-fails">fails' "a check of the theory that fails is seen to"

# Cells of claims.tsv: a prompt's text with a tab in it.
data=prompt/figures/data/text_image
mkdir -p "$data/runs/orw-alpha1-seed1"
printf '# name\tmethod\talpha\tseed\tcomplete\norw-alpha1-seed1\torw\t1\t1\tyes\n' > "$data/runs.tsv"
printf 'prompts.count\t1\nprompt.0\ta\tcat\r\nrun.reward\talignment\n' > "$data/runs/orw-alpha1-seed1/provenance.tsv"
printf '# round\tright_0\n0\t0.5\n1\t0.7\n' > "$data/runs/orw-alpha1-seed1/evaluation.tsv"
is "$(report_of prompt)$(awk -F "$tab" 'NF != 11' prompt/claims.tsv)" "" "a text with a tab in it stays in its cell"
has prompt/claims.tsv "ORW-CFM-W2: a cat" "and is there"
sed -i 's/^prompts.count.*/prompts.count\t1e99/' "$data/runs/orw-alpha1-seed1/provenance.tsv"
is "$(report_of prompt)" "" "a number of prompts that nobody has ends"

# Folders, as a user meets them: a name that gnuplot would run.
command -v gnuplot > /dev/null || { skip "gnuplot is not installed"; done_testing; }
cat > orw <<'END'
#!/bin/sh
case "$1 $2" in
    'export --band') printf '# x mean sd min max half_width n\n0\t0.5\t0.01\t0.4\t0.6\t0.02\t3\n10\t0.9\t0.01\t0.8\t1\t0.02\t3\n' ;;
    'export --provenance') printf 'data.train\tmnist-train sha256 00\n' ;;
    'grid '*) exit 2 ;;
    *) printf '# round\tupdate of all\treward_mean\tdistance\n0\t0\t0.5\t0\n1\t10\t0.9\t0.1\n' ;;
esac
END
chmod +x orw
page=$(printf '\f')
for name in orw-alpha0-seed1 "orw-alpha0$page<touch\${IFS}executed;x-seed1" "orw-alpha0 <touch\${IFS}executed;x-seed1" "orw-alpha0\"|touch executed-seed1" \
    "orw-alpha\$(touch executed)-seed1" "orw-alpha0\`touch executed\`-seed1" "orw-alpha$line-seed1"; do
    mkdir -p "out/target_image/runs/$name" "out/text_image/others/$name" "out/text_image/runs/$name"
    touch "out/target_image/runs/$name/run.h5" "out/target_image/runs/$name/policy.h5"
    for folder in runs others; do touch "out/text_image/$folder/$name/run.h5" "out/text_image/$folder/$name/policy.h5"; done
done
found=$(ORW=$PWD/orw "$ORW_ROOT/analysis/figures.sh" out quick 2>&1)
is $? 0 "figures are drawn beside folders with commands in their names"
is "$(find . -name 'executed*')" "" "none of which is executed"
like "$found" "skipped run 'orw-alpha0?<touch..IFS.executed;x-seed1': expected METHOD-alphaA-seedS" "each is said"
is "$(grep -c ^source out/figures/target_image/distance_vs_reward.about)" 1 "and not drawn"
is "$(cd out/figures/data/text_image/others && ls)" orw-alpha0-seed1.tsv "nor exported"
is "$(sed -n 's/^\([^#]\S*\).*/\1/p' out/figures/data/target_image/runs.tsv)" orw-alpha0-seed1 "nor listed"
report_of out > /dev/null
is "$(grep -o '<li>skipped run' out/report.html | wc -l | tr -d ' ')" 18 "the report says which"
# "update of all" is three words: columns are told by tabs. What is no number is in no mean, with any awk.
shared() { bash -c '. "$ORW_ROOT/analysis/lib.sh"; . "$ORW_ROOT/analysis/runs.sh"; "$@"' bash "$@"; }
printf '# a b\n1\t-nan\nnan\t4\n3\tinf\n' > some.tsv
is "$(shared column_of out/figures/data/target_image/runs/orw-alpha0-seed1/evaluation.tsv distance)" 4 "a blank in a column's name moves no column"
is "$(shared mean_of some.tsv a) $(shared mean_of some.tsv b)" "2 4" "values that are not known are in no mean"

done_testing
