# score.t - orw score: sizes that are Pillow's, byte by byte, and refusals. jpeg_size is minus the kilobytes.
. "$ORW_ROOT/tests/tap.sh"
bytes() { awk '!/^#/ { printf "%d\t%d\n", $1, -1000 * $2 + 0.5 }' "$@"; }
orw=$BUILD/bin/orw
tab=$(printf '\t')
cifar=${ORW_DATA:-/nowhere}/cifar10/train.bin
sizes=${ORW_REFERENCE:-/nowhere}/jpeg-sizes.tsv

if [ -f "$cifar" ] && [ -f "$sizes" ]; then
    run "$orw" score --reward jpeg_size --set reward.quality=95 --dataset "cifar10:$cifar" --count 500
    is "$status" 0 "500 images are scored: $err"
    bytes tap.out > found
    grep -v '^#' "$sizes" > expected
    cmp found expected
    report $? "all 500 sizes are Pillow's"
    is "$(wc -l < found)" 500 "500 of them"
    run "$orw" score --reward jpeg_size --dataset "cifar10:$cifar" --first 499 --count 1
    is "$(bytes tap.out)" "$(tail -n 1 expected)" "--first; 95 is the default"
else
    skip "no ORW_DATA/cifar10/train.bin or no ORW_REFERENCE/jpeg-sizes.tsv"
fi

run "$orw" score --reward jpeg_size --dataset mnist:test --count 3
is "$status" 0 "grey images have a size: $err"
is "$(printf '%s\n' "$out" | cut -f 1 | tr '\n' ' ')" "# index 0 1 2 " "one line per image"
best=$(bytes tap.out | tail -n 1 | cut -f 2)
run "$orw" score --reward jpeg_size --dataset mnist:test --first 2 --count 1
is "$(bytes tap.out)" "2${tab}$best" "--first: the same image as in the list"
is "$(head -n 1 tap.out)" "# index${tab}reward" "named columns"
run "$orw" score --reward jpeg_size --dataset mnist:test --first 2 --count 1 --set reward.quality=5 --set reward.quality=10
less=$(bytes tap.out | cut -f 2)
[ "$less" -lt "$best" ]
report $? "a lower quality is smaller: $less < $best"
run "$orw" score --reward jpeg_size --dataset mnist:test --first 9998
is "$(printf '%s\n' "$out" | wc -l)" 3 "to the end of the data without --count"

fails "reward.quality = .101.: expected .* in \[1, 100\]" "a quality over 100" "$orw" score --reward jpeg_size --set reward.quality=101 --dataset mnist:test
fails "reward.quality = .0.: expected" "a quality of 0" "$orw" score --reward jpeg_size --set reward.quality=0 --dataset mnist:test
fails "reward.qualiti.*reward.quality" "a misspelt key" "$orw" score --reward jpeg_size --set reward.qualiti=9 --dataset mnist:test
fails "^orw: error: --reward: unknown reward 'png', the nearest one is .*expected one of .*brightness, .*command:CMD, plugin:FILE.so" "another reward" "$orw" score --reward png --dataset mnist:test
fails "orw score: --dataset is missing" "no data set" "$orw" score --reward jpeg_size
fails "orw score: --reward is missing" "no reward" "$orw" score --dataset mnist:test
fails "imagenet: an unknown data set, expected mnist" "a data set that is not known" "$orw" score --reward jpeg_size --dataset imagenet
fails "nosuch.bin: cannot be opened" "a file that is not there" "$orw" score --reward jpeg_size --dataset cifar10:nosuch.bin
printf abc > three.bin
fails "three.bin: 3 bytes, expected a multiple of 3073" "a truncated file" "$orw" score --reward jpeg_size --dataset cifar10:three.bin
fails "first: 10000, but mnist-test has 10000 images" "an image beyond the last" "$orw" score --reward jpeg_size --dataset mnist:test --first 10000
fails "even_digit needs a model 'classifier_a', and there is none here" "a reward without its model" "$orw" score --reward even_digit --dataset mnist:test
fails "detection needs captions, and there are none here" "one without captions" "$orw" score --reward detection --dataset mnist:test
fails "model: 'model.h5', expected ROLE=FILE" "a model without a role" "$orw" score --reward even_digit --dataset mnist:test --model model.h5
models=$ORW_ROOT/data/models
if [ -f "$models/mnist-classifier_a.h5" ]; then
    run "$orw" score --reward even_digit --dataset mnist:test --model classifier_a="$models/mnist-classifier_a.h5" --count 200
    is "$status" 0 "even_digit by a classifier that comes with the source: $err"
    # The first ten labels of the test part: 7 2 1 0 4 1 4 9 5 9.
    is "$(awk 'NR > 1 && NR < 12 { printf "%d", ($2 > 0.5) }' tap.out)" 0101101000 "says which digits are even"
    fails "is for images of 28 x 28 x 1, but those of sprites.* are 32 x 32 x 3" "a model for other images" \
        "$orw" score --reward even_digit --dataset sprites:1:2 --model classifier_a="$models/mnist-classifier_a.h5"
    fails "mnist.h5 holds a unet, expected a classifier" "a model of another kind" \
        "$orw" score --reward even_digit --dataset mnist:test --model classifier_a="$models/mnist.h5"
else
    skip "no model of a classifier in data/models"
fi
done_testing
