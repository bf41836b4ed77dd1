# info.t - orw info names every kind of file, and refuses all others in one line.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }

run "$orw" info
is "$status" 0 "without a file it tells of the build"
for key in commit compiler isa mpi hdf5 blas mnist:train sprites orw raft reft control; do like "$out" "^  $key " "it tells $key"; done

run "$orw" info seed1/run.h5
like "$out" "^seed1/run.h5: run file" "a run file"
like "$out" "^table metrics: 4 rows" "its tables"
like "$out" "^  reward  *4$" "their last rows"
like "$out" "^  run.alpha  *0.3$" "where it comes from"

run "$orw" info flow.h5 classifier.h5 checkpoint.h5
is "$status" 0 "several files"
like "$out" "^flow.h5: model file" "a model"
like "$out" "^  parameters@kind  *unet$" "its description"
like "$out" "^checkpoint.h5: checkpoint file" "a checkpoint"
like "$out" "^  pieces/weights  *float32 \[3\]" "its pieces"

run "$orw" info rewarded.h5
like "$out" "^rewarded.h5: samples file" "samples"
like "$out" "^reward: mean 0.375, from -1 to 2$" "and their rewards"

printf '\000\000\010\003\000\000\000\002\000\000\000\005\000\000\000\007' > images.idx
run "$orw" info images.idx
is "$out" "images.idx: IDX file, uint8 [2,5,7]" "an IDX file"

: > empty
head -c 300 seed1/run.h5 > short.h5
cp seed1/run.h5 flipped.h5
printf 'x' | dd of=flipped.h5 bs=1 seek=1500 conv=notrunc 2> dd.err
head -c 100 /dev/zero > zeros.safetensors
printf 'hello' > text
fails "empty: is empty" "an empty file" "$orw" info empty
fails "short.h5: damaged: 300 bytes, expected [0-9]" "a truncated file" "$orw" info short.h5
fails "flipped.h5: damaged" "a flipped byte" "$orw" info flipped.h5
fails "text: none of the kinds" "a text" "$orw" info text
fails "zeros.safetensors" "safetensors of zeros" "$orw" info zeros.safetensors
fails "missing.h5: cannot be opened" "a missing file" "$orw" info missing.h5
fails "seed1: " "a directory" "$orw" info seed1
done_testing
