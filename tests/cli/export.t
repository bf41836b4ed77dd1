# export.t - orw export: what it prints, digit by digit.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }
tab=$(printf '\t')

run "$orw" export seed1/run.h5 metrics
is "$status" 0 "a table"
is "$out" "# update${tab}reward${tab}loss
0${tab}1${tab}0.333333333
10${tab}2${tab}nan
20${tab}3${tab}0.2
30${tab}4${tab}0.166666667" "its names and numbers"
run "$orw" export seed4/run.h5 metrics
is "$out" "# update${tab}reward${tab}loss" "a table without rows"

run "$orw" export --list seed1/run.h5
is "$out" "# table${tab}rows${tab}columns
metrics${tab}4${tab}3
evaluation${tab}1${tab}2" "--list"

run "$orw" export --provenance seed2/run.h5
like "$out" "^run.method${tab}orw$" "--provenance: a key and its value"
like "$out" "^run.tau${tab}$" "--provenance: an empty value"
run "$orw" export --provenance odd/run.h5
is "$(printf '%s\n' "$out" | grep -v '^sources\|^configuration')" 'run.method	orw\t9
note	one\\\nrun.seed\t7\x01\n' "--provenance: a value with lines stays in its own, and is no other key's"
run "$orw" export --provenance flow.h5
is "$status" 0 "--provenance of a model"

# reward = update / 10 + seed: at updates 0 and 20 (common to all) 1, 2, 3 and 3, 4, 5; half width 4.30265 / sqrt 3.
run "$orw" export --band reward seed1/run.h5 seed2/run.h5 seed3/run.h5
is "$out" "# x${tab}mean${tab}sd${tab}min${tab}max${tab}half_width${tab}n
0${tab}2${tab}1${tab}1${tab}3${tab}2.48413771${tab}3
20${tab}4${tab}1${tab}3${tab}5${tab}2.48413771${tab}3" "--band over three runs, at the updates they share"
run "$orw" export --band reward seed1/run.h5 --smooth 2
is "$(printf '%s\n' "$out" | sed -n '2p;5p')" "0${tab}1${tab}nan${tab}1${tab}1${tab}nan${tab}1
30${tab}3.5${tab}nan${tab}3.5${tab}3.5${tab}nan${tab}1" "--smooth: the mean of the last two rows; one run has no interval"
run "$orw" export --band loss seed1/run.h5 seed2/run.h5
is "$(printf '%s\n' "$out" | sed -n 3p)" "10${tab}nan${tab}nan${tab}nan${tab}nan${tab}nan${tab}0" "not-a-number is left out and counted"
run "$orw" export --band update --against reward seed1/run.h5
is "$(printf '%s\n' "$out" | sed -n 3p | cut -f 1,2)" "2${tab}10" "--against"

run "$orw" export --last seed1/run.h5 seed2/run.h5
is "$out" "# run${tab}method${tab}alpha${tab}tau${tab}seed${tab}update${tab}distance
seed1${tab}orw${tab}0.3${tab}-${tab}1${tab}40${tab}0.25
seed2${tab}orw${tab}0.3${tab}-${tab}2${tab}30${tab}0.5" "--last, a row per run"
run sh -c "cd seed1 && '$orw' export --last --table metrics run.h5 | tail -n 1 | cut -f 1,6"
is "$out" "seed1${tab}30" "--last --table, from inside the directory"

fails "has no table 'metric', it has metrics, evaluation" "an unknown table" "$orw" export seed1/run.h5 metric
fails "has no table 'provenance'" "provenance is no table" "$orw" export seed1/run.h5 provenance
fails "a model file, expected a run file" "a model's table" "$orw" export flow.h5 metrics
fails "a model file, expected a run file" "a model's tables" "$orw" export --list flow.h5
cp flow.h5 kept.h5
ln -s kept.h5 other-name.h5
for command in import export-weights sample grid; do
    fails "other-name.h5: is what is read" "orw $command: a result in place of what is read" "$orw" $command kept.h5 other-name.h5
done
cmp -s flow.h5 kept.h5
report $? "which is as it was"
# Names with control characters are in no file that is read (tests/store/test_hostile.c); texts may hold them.
run "$orw" export --last odd/run.h5
is "$status" 2 "a method's name with a tab"
like "$err" "run.method 'orw?9' has a control character" "is named"
folder=$(printf 'two\nlines')
cp -r seed1 "$folder"
run "$orw" export --last "$folder/run.h5"
is "$status" 2 "a folder's name with a line feed"
like "$err" "folder 'two?lines' has a control character" "is named in one line"
fails "FILE TABLE" "no table given" "$orw" export seed1/run.h5
fails "only one of" "two wishes at once" "$orw" export --last --list seed1/run.h5
fails "are for --band" "--smooth without --band" "$orw" export --smooth 3 seed1/run.h5 metrics
fails "has no column 'rewards', the nearest one is 'reward'" "an unknown column" "$orw" export --band rewards seed1/run.h5

run "$orw" export --last --table metrics seed1/run.h5 seed4/run.h5
is "$status" 2 "--last of a table without rows fails"
like "$err" "seed4/run.h5: table 'metrics' has no rows yet" "and says whose"
run "$orw" export --band reward seed1/run.h5 seed4/run.h5
is "$status" 2 "--band without common rows fails"
like "$err" "no value of 'update' in table 'metrics' is common to all 2 files" "and says so"
done_testing
