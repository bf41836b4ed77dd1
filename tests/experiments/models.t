# models.t - base models that come with the source: made again bit for bit, found by their bare name, refused where they are missing,
# damaged, or of other data; and taken into data/models by scripts/publish-model.sh.
. "$ORW_ROOT/tests/tap.sh"

orw=$BUILD/bin/orw
program=$BUILD/bin/target_image
smoke=$ORW_ROOT/experiments/target_image/smoke.conf
sprites="$BUILD/bin/compression $ORW_ROOT/experiments/compression/smoke.conf --set data.set=sprites --stage base"
tiny='--stage base --set pretrain.updates=3 --set pretrain.batch=8'
digest() { "$orw" info "$1" | sed -n 's/^  parameters@xxh64  *//p'; }
identity() { "$orw" export --provenance "$1" | awk -F '\t' '$1 == "identity" { gsub(/\\n/, "\n", $2); print $2 }'; }
unset ORW_DATA

# ---- what is there

# NAME.h5 is the base model that NAME.conf makes, NAME-PLACE.h5 what it makes in the folder PLACE.
for file in "$ORW_ROOT"/data/models/*.h5; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .h5)
    conf=${name%%-*} place=base
    case $name in *-*) place=${name#*-} ;; esac
    of=$("$orw" export --provenance "$file" | sed -n 's/^program\t//p')
    stage=base rest=
    if [ "$place" != base ]; then # all that the stage would train is taken
        stage=rewards
        for other in "$ORW_ROOT/data/models/$conf"-*.h5; do
            other=$(basename "$other" .h5)
            "$BUILD/bin/$of" --markdown | grep -q "^| .${other#*-}.init. " || continue # of another experiment
            rest="$rest --set ${other#*-}.init=$other"
        done
        rest="$rest --set base.init=$conf --set evaluate.count=16 --set solver.steps=1 --set parallel.shards=4"
    fi
    # shellcheck disable=SC2086
    run "$BUILD/bin/$of" "$ORW_ROOT/data/models/$conf.conf" --stage $stage --set "$place.init=$name" $rest --out "bundled-$name"
    is "$status" 0 "data/models/$name.h5 is taken by $of: $(tail -n 1 tap.err)"
    identity "$file" > made-with.txt
    is "$("$BUILD/bin/$of" "$ORW_ROOT/data/models/$conf.conf" --identities | sed -n "s/^$place\t//p" | grep -v -x -F -f made-with.txt)" "" \
        "and was made with $conf.conf"
    like "$(cat "$ORW_ROOT/data/SHA256SUMS")" "$(sha256sum < "$file" | cut -d ' ' -f 1)  models/$name.h5" "data/SHA256SUMS has it"
done

# ---- made again

for out in one two; do
    # shellcheck disable=SC2086
    run "$program" "$smoke" $tiny --out $out
    is "$status" 0 "a tiny model of digits: $(tail -n 1 tap.err)"
done
cmp -s one/target_image/base/model.h5 two/target_image/base/model.h5
report $? "made again it is the same file, bit for bit"

# ---- found by its name

mkdir -p given/models data/models
cp one/target_image/base/model.h5 given/models/tiny.h5
made=$(digest given/models/tiny.h5)
ORW_DATA=$PWD/given
export ORW_DATA
run "$program" "$smoke" --stage base --set base.init=tiny --out named
is "$status" 0 "base.init=tiny is looked for in \$ORW_DATA/models: $(tail -n 1 tap.err)"
like "$err" "^base.init: $PWD/given/models/tiny.h5 ($made)" "the log names it and its digest"
is "$(digest named/target_image/base/model.h5)" "$made" "it is the base model"
is "$(identity named/target_image/base/model.h5 | grep .)" "base.init = $made" "what depends on it says which it was"
unset ORW_DATA
mv given/models/tiny.h5 data/models/
run "$program" "$smoke" --stage base --set base.init=tiny --out here
like "$err" "^base.init: data/models/tiny.h5 ($made)" "without that, in data/models: $status"
: > tiny
run "$program" "$smoke" --stage base --set base.init=tiny --out here
is "$status" 0 "a file of that name in the working directory is not meant"
fails "^orw: error: ./tiny" "with its path it is" "$program" "$smoke" --stage base --set base.init=./tiny --out other

# ---- none
before=$(digest one/target_image/base/model.h5)
for none in none ''; do
    # shellcheck disable=SC2086
    run "$program" "$smoke" $tiny --set base.init=tiny --set "base.init=$none" --out "none$none"
    is "$status $(digest "none$none/target_image/base/model.h5")" "0 $before" "base.init='$none' trains from nothing"
    like "$(identity "none$none/target_image/base/model.h5")" "^model.attention" "under the settings' own identity"
done
# shellcheck disable=SC2086
run "$program" "$smoke" $tiny --set base.init=tiny --out none
like "$err" "none/target_image/base was made with other settings" "a bundled model makes another result"
# shellcheck disable=SC2086
run "$program" "$smoke" $tiny --set base.init=none --out none
like "$err" "none/target_image/base: made before with these settings" "and the other one is found again"

# ---- bad ones

fails "base.init: tinny.h5: not found: expected it in $ORW_ROOT/data/models or data/models" "a name that no model has" \
    "$program" "$smoke" --stage base --set base.init=tinny --out bad
ORW_DATA=$PWD/given
export ORW_DATA
fails "base.init: tinny.h5: not found: expected it in $PWD/given/models, " "all places are named" "$program" "$smoke" --set base.init=tinny --out bad
size=$(wc -c < data/models/tiny.h5)
head -c $((size / 2)) data/models/tiny.h5 > given/models/short.h5
fails "given/models/short.h5" "a truncated one" "$program" "$smoke" --stage base --set base.init=short --out bad
{ head -c $((size / 2)) data/models/tiny.h5; printf X; tail -c $((size - size / 2 - 1)) data/models/tiny.h5; } > given/models/changed.h5
fails "given/models/changed.h5" "one with a byte changed" "$program" "$smoke" --stage base --set base.init=changed --out bad
printf '<html>' > given/models/page.h5
fails "given/models/page.h5" "something else" "$program" "$smoke" --stage base --set base.init=page --out bad
# shellcheck disable=SC2086
run $sprites --set sprites.count=64 --set pretrain.updates=1 --set sprites.seed=5 --out emoji
is "$status" 0 "a tiny model of sprites: $(tail -n 1 tap.err)"
cp emoji/compression/base/model.h5 given/models/emoji.h5
fails "base.init: .*given/models/emoji.h5 models 32x32x3 .*expected 28x28x1" "a model of another shape" \
    "$program" "$smoke" --stage base --set base.init=emoji --out bad
[ ! -e bad/target_image/base ]
report $? "nothing was begun with bad models"
# shellcheck disable=SC2086
run $sprites --set sprites.count=64 --set sprites.seed=6 --set base.init=emoji --out bad
is "$status $(grep -c -v '^data: ' tap.err)" "2 1" "of the same shape, but other data: one line"
like "$err" "^orw: error: base.init: .*given/models/emoji.h5 was trained on sprites:5:64 sha256 .*, expected sprites:6:64 sha256" "names both"
[ ! -e bad/compression/base ]
report $? "and nothing was begun"
# shellcheck disable=SC2086
run $sprites --set sprites.count=64 --set sprites.seed=6 --set base.init=given/models/emoji.h5 --out chosen
like "$err" "^warning: base.init: given/models/emoji.h5 was trained on sprites:5:64" "a file that is named by its path is warned of: $status"
is "$status" 0 "and taken"
# shellcheck disable=SC2086
run $sprites --set sprites.count=64 --set sprites.seed=5 --set base.init=emoji --out same
is "$status" 0 "of the same data: $(tail -n 1 tap.err)"
"$orw" export-weights data/models/tiny.h5 tiny.safetensors > /dev/null
"$orw" import tiny.safetensors given/models/foreign.h5 > /dev/null
fails "given/models/foreign.h5 was trained on data that it does not name" "one that says nothing of its data" \
    "$program" "$smoke" --stage base --set base.init=foreign --out bad

# ---- judges

run "$program" "$smoke" --stage rewards --set base.init=./data/models/tiny.h5 --set classifier_a.updates=3 --set classifier_b.updates=3 --out judges
is "$status" 0 "classifiers are trained where none is given: $(tail -n 1 tap.err)"
judge=judges/target_image/classifier_b
cp $judge/model.h5 given/models/judge.h5
run "$program" "$smoke" --stage rewards --set base.init=./data/models/tiny.h5 --set classifier_a.updates=3 --set classifier_b.init=judge --out judged
is "$status" 0 "classifier_b.init=judge takes one: $(tail -n 1 tap.err)"
like "$err" "^classifier_b.init: .*/given/models/judge.h5 (" "says so"
is "$(identity judged/target_image/classifier_b/model.h5 | grep .)" "classifier_b.init = $(digest given/models/judge.h5)" "under its own identity"
is "$("$orw" export judged/target_image/classifier_b/evaluation.h5 evaluation)" "$("$orw" export $judge/evaluation.h5 evaluation)" "with how good it is"
is "$("$orw" export judged/target_image/runs/base/run.h5 evaluation)" "$("$orw" export judges/target_image/runs/base/run.h5 evaluation)" \
    "it judges as the one that was trained did"
run "$program" "$smoke" --stage rewards --set classifier_b.init=emoji --set base.init=./data/models/tiny.h5 --set classifier_a.init=judge --out bad
is "$status" 2 "a flow is no judge"
like "$err" "^orw: error: classifier_b.init: .*/given/models/emoji.h5 holds a unet of 32x32x3 .*, expected a classifier of 28x28x1 with 10" "one line says so"
fails "base.init: .*/given/models/judge.h5 holds a classifier" "nor a judge a flow" "$program" "$smoke" --stage base --set base.init=judge --out bad

# ---- published

unset ORW_DATA
mkdir published
MODELS=$PWD/published OUT=$PWD/measured export MODELS OUT
publish="$ORW_ROOT/scripts/publish-model.sh"
options='--set parallel.shards=4 --set evaluate.count=16 --set solver.steps=1 --set quality.images=100'
cat > published/tiny.conf <<'END'
[model]
channels = 8
multipliers = 1,2
groups = 4
attention_resolutions = 7
[pretrain]
updates = 4
batch = 8
[classifier_a]
updates = 3
[classifier_b]
updates = 3
[parallel]
shards = 4
END
fails "publish-model.sh: .*RESULT_DIR and NAME" "no arguments" "$publish"
fails "nowhere: no PROGRAM/base/model.h5" "a folder without a model" "$publish" nowhere tiny
fails "published/other.conf: not found" "a name without settings" "$publish" one other
fails "publish-model.sh: '../x'" "a name that is a path" "$publish" one ../x
# shellcheck disable=SC2086
fails "one/target_image/base/model.h5: was made with other settings than .*tiny.conf, where '[a-z.]* = " "a model that the settings do not make" \
    "$publish" one tiny $options
run "$program" published/tiny.conf --stage base --out three
is "$status" 0 "one that they make: $(tail -n 1 tap.err)"
before=$(find three | sort)
# shellcheck disable=SC2086
run "$publish" three tiny $options
is "$status" 1 "is published: $(grep -c 'missed$' tap.err) targets missed"
cmp -s three/target_image/base/model.h5 published/tiny.h5
report $? "as it is"
exists published/tiny.png "with a sheet of its samples"
is "$(find three | sort)" "$before" "the result is left as it was"
like "$err" "B's confidence [0-9.]*, expected at least 0.97: missed" "what is missed is said"
parameters=$("$orw" export-weights published/tiny.h5 all.safetensors | sed 's/.*, \([0-9]*\) parameters.*/\1/' | awk '{ printf "%.2f", $1 / 1e6 }')
like "$out" "^| .tiny. | U-Net, fold 1, 8 channels x 1,2, blocks [0-9], attention at 7 | $parameters M | 4 of 8 | [0-9.]* | B's confidence 0\.[0-9]*, .*16 samples | [0-9]* min, 1 rank(s), [^|]* | .* |$" "a row for the table"
like "$out" "^$(sha256sum < published/tiny.h5 | cut -d ' ' -f 1)  models/tiny.h5$" "a line for the checksums"
is "$(printf '%s\n' "$out" | wc -l)" 3 "and one of its picture, and nothing else"
[ -z "$(find published -name '*.partial')" ]
report $? "nothing half-written"
run "$program" published/tiny.conf --stage rewards --set solver.steps=1 --set evaluate.count=16 --set quality.images=100 --out three
is "$status" 0 "the judges that these settings make: $(tail -n 1 tap.err)"
run "$publish" three tiny-classifier_b
is "$status" 0 "one is published"
like "$out" "^| .tiny-classifier_b. | classifier, 16,32,48 channels, depth 2 | .* | 3 of 64 | .* | accuracy [0-9.]*, images 10000 | .* --stage rewards --out results/models. |$" "a row, with what its evaluation says"
cmp -s three/target_image/classifier_b/model.h5 published/tiny-classifier_b.h5
report $? "as it is"
done_testing
