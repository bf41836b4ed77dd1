# grid.t - orw grid: contact sheets of data sets by name, captions of scenes, refusals.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
tab=$(printf '\t')
unset ORW_DATA

# size FILE: width x height from a PNG's header.
size() { od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4 "x" $7 * 256 + $8 }'; }

run "$orw" grid sprites:3:10 sprites.png --columns 5 --scale 2
is "$status" 0 "sprites: $err"
is "$out" "" "have no captions"
is "$(size sprites.png)" "324x129" "five columns, two rows of 64 pixels with gaps of one"
run "$orw" grid sprites:3:1000 again.png --columns 5 --scale 2 --count 10
cmp sprites.png again.png
report $? "a larger data set begins with the smaller one"
run "$orw" grid sprites:4:10 other.png --columns 5
[ -s sprites.png ] && [ -s other.png ] && ! cmp -s sprites.png other.png
report $? "another seed, other pictures"

run "$orw" grid --dataset scenes:1:6 scenes.png --first 2 --count 3
is "$status" 0 "scenes: $err"
is "$(printf '%s\n' "$out" | cut -f 1 | tr '\n' ' ')" "# index 2 3 4 " "a line for each on the sheet"
is "$(printf '%s\n' "$out" | head -n 1)" "# index${tab}caption${tab}truth" "under names"
printf '%s\n' "$out" | awk -F '\t' 'NR > 1 && ($2 != $3 || $2 !~ /^an? [a-z ]+ (on the left of|on the right of|on top of|underneath) an? [a-z ]+$/) { wrong = 1 } END { exit wrong || NR != 4 }'
report $? "captions are sentences, and the truth without noise" || tap_show stdout "$out"
run "$orw" grid scenes:1:6 first.png --count 3
! cmp -s first.png scenes.png
report $? "the sheet begins with the image asked for"
run "$orw" grid scenes:1:200 scenes.png --count 200 --set scenes.noise=1
printf '%s\n' "$out" | awk -F '\t' 'NR > 1 && $2 == $3 { wrong = 1 } END { exit wrong || NR != 201 }'
report $? "--set reaches them: with noise 1 no caption is the truth"
run "$orw" grid scenes:1:9 cubes.png --set scenes.cubes=1 --set scenes.objects=3 --set scenes.size=48 --columns 3 --scale 1
is "$(printf '%s\n' "$out" | grep -c 'cube on top of .* cube on top of\|cube underneath .* cube underneath')" 9 "stacks of three cubes"
is "$(size cubes.png)" "146x146" "of the size asked for"
run "$orw" grid --keys
like "$out" "scenes.held_out" "--keys lists what can be set"
run "$orw" grid mnist:test digits.png --count 4 --columns 2 --scale 1
is "$(size digits.png)" "57x57" "digits"
rm -f no.png

fails "scenes:1: expected sprites:SEED:COUNT or scenes:SEED:COUNT" "no count" "$orw" grid scenes:1 no.png
fails "scenes:1:0: expected" "a count of 0" "$orw" grid scenes:1:0 no.png
fails "scenes:-1:5: expected" "a negative seed" "$orw" grid scenes:-1:5 no.png
fails "scenes:1:5x: expected" "a rest" "$orw" grid scenes:1:5x no.png
fails "sprites:1:99999999999: expected" "a count beyond all" "$orw" grid sprites:1:99999999999 no.png
fails "sprite:1:5: an unknown data set" "a misspelt data set" "$orw" grid sprite:1:5 no.png
fails "set: 'scenes.noise=1', but only sprites" "settings of what has none" "$orw" grid mnist:test no.png --set scenes.noise=1
fails "scenes.nois.*scenes.noise" "a misspelt key" "$orw" grid scenes:1:5 no.png --set scenes.nois=1
fails "object_least, object_most: 0.4375, 0.9, expected" "objects that are too large" "$orw" grid scenes:1:5 no.png --set scenes.object_most=0.9
fails "nouns: 3000, expected 2 .* to 60" "too many nouns" "$orw" grid scenes:1:5 no.png --set scenes.nouns=3000
fails "scenes.held_out: 57, expected at most 56" "too many triples held out" "$orw" grid scenes:1:5 no.png --set scenes.held_out=57
fails "first: 5, but scenes:1:5 has 5 images" "an image beyond the last" "$orw" grid scenes:1:5 no.png --first 5
fails "1 arguments, expected 2; usage: orw grid" "no output" "$orw" grid scenes:1:5
fails "no/such/place.png" "an output that cannot be written" "$orw" grid sprites:1:5 no/such/place.png
[ ! -e no.png ] && [ ! -e no.png.partial ]
report $? "and nothing was written"

# A library of one's own, with a damaged sprite.
cp -r "$ORW_ROOT/data/sprites" sprites
ORW_DATA=$PWD
export ORW_DATA
run "$orw" grid sprites:3:10 mine.png --columns 5
cmp sprites.png mine.png
report $? "ORW_DATA/sprites is looked into first; the same sprites make the same pictures"
head -c 700 "$ORW_ROOT/data/sprites/google/1f431.png" > sprites/google/1f431.png
fails "sprites/google/1f431.png: cannot be read as PNG" "a truncated sprite" "$orw" grid sprites:1:5 no.png
done_testing
