# sample.t - orw sample and orw grid: files that others can read, the same for the same seed, and clean refusals.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }

run "$orw" sample flow.h5 one.h5 --count 70 --seed 4 --steps 2
is "$status" 0 "samples are drawn: $err"
"$orw" sample flow.h5 two.h5 --count 70 --seed 4 --steps 2 2> err
"$orw" sample flow.h5 other.h5 --count 70 --seed 5 --steps 2 2> err
cmp -s one.h5 two.h5
report $? "the same seed, the same file"
"$orw" sample flow.h5 few.h5 --count 3 --seed 4 --steps 2 2> err
run "$orw" info one.h5
like "$out" "^  images  *uint8 \[70,8,8,1\]" "of the model's shape"
like "$out" "^  model.digest  *[0-9a-f]\{16\}$" "with the model's digest"

run "$orw" grid one.h5 one.png --count 6 --columns 3 --scale 4
is "$status" 0 "a grid: $err"
like "$(head -c 4 one.png | tail -c 3)" "PNG" "it is a PNG"
"$orw" grid one.h5 again.png --count 3 --columns 3 --scale 4
"$orw" grid few.h5 few.png --columns 3 --scale 4
cmp -s again.png few.png
report $? "a sample does not depend on how many are drawn"
"$orw" grid one.h5 first.png --count 6
"$orw" grid one.h5 last.png --first 64 --count 6
! cmp -s first.png last.png
report $? "samples beyond the first 64 are others"
run "$orw" sample flow.h5 most.h5 --count 1 --steps 1 --seed 2147483647
is "$status" 0 "the largest seed is one: $err"
"$orw" grid other.h5 other.png --count 3 --columns 3 --scale 4
[ -s other.png ] && [ -s few.png ] && ! cmp -s other.png few.png
report $? "another seed, other samples"
run "$orw" grid mnist:test digits.png
is "$status" 0 "a data set's images: $err"
exists digits.png "are written"

# ---- captions

grid_of() {
    name=$1
    shift
    "$orw" sample scenes.h5 "$name.h5" --count 2 --steps 2 "$@" 2> err && "$orw" grid "$name.h5" "$name.png" --scale 1
}
same() { cmp -s "$1.png" "$2.png"; }
run grid_of left --prompt "a cat on the left of a dog"
is "$status" 0 "a captioned model draws to a prompt: $(cat err)"
grid_of none
grid_of again --prompt "an image of a cat to the left of a dog"
grid_of right --prompt "a dog on the left of a cat"
grid_of strong --prompt "a cat on the left of a dog" --guidance 3
grid_of nothing --prompt "a cat on the left of a dog" --guidance 0
same left again
report $? "the same caption in other words is the same"
[ -s left.png ] && [ -s right.png ] && [ -s none.png ] && [ -s strong.png ] &&
    ! same left right && ! same left none && ! same left strong
report $? "another caption, none, or guidance is not"
same nothing none
report $? "guidance 0 is the empty caption"
run "$orw" info strong.h5
like "$out" "^  prompt  *a cat on the left of a dog$" "the file tells the prompt"
like "$out" "^  solver.guidance  *3$" "and the guidance"
prompt() { fails "$2" "$3" "$orw" sample scenes.h5 no.h5 --prompt "$1"; }
prompt "a cat on the left of a dgo" "dog" "an unknown word"
prompt "" "." "an empty prompt"
fails "scenes.h5 holds a scene_net that takes no label" "a label for a caption" "$orw" sample scenes.h5 no.h5 --label 1
fails "flow.h5 holds a unet that takes no captions" "a caption for a model that takes none" "$orw" sample flow.h5 no.h5 --prompt "a cat"
fails "guidance: only with" "guidance without a condition" "$orw" sample scenes.h5 no.h5 --guidance 2
fails "guidance: 'much', expected" "guidance that is no number" "$orw" sample scenes.h5 no.h5 --prompt "a cat" --guidance much
fails "not together" "both" "$orw" sample scenes.h5 no.h5 --prompt "a cat" --label 1
fails "no --prompts given" "a transformer without a text encoder" "$orw" sample transformer.h5 no.h5 --count 2

fails "classifier.h5: holds a classifier, expected a flow model" "a classifier does not flow" "$orw" sample classifier.h5 no.h5
fails "a run file, expected a model file" "a run file is no model" "$orw" sample seed1/run.h5 no.h5
fails "solver" "an unknown solver" "$orw" sample flow.h5 no.h5 --solver rk4
fails "nowhere/no.h5" "a place that does not exist" "$orw" sample flow.h5 nowhere/no.h5 --count 2 --steps 1
[ ! -e no.h5 ] && [ ! -e no.h5.partial ]
report $? "failures leave no file"
fails "a model file, expected a samples file" "no grid of a model" "$orw" grid flow.h5 no.png
fails "mnist:trian: an unknown data set" "an unknown data set" "$orw" grid mnist:trian no.png
fails "first: 70, but one.h5 has 70 images" "beyond the last image" "$orw" grid one.h5 no.png --first 70
fails "nowhere/no.png" "a picture's place that does not exist" "$orw" grid one.h5 nowhere/no.png
done_testing
