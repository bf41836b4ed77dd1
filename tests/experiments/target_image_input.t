# Bad input to the driver: one line that names it, status 2, nothing half-written.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
mnist=$ORW_ROOT/data/mnist

run "$program" --help
is "$status" 0 "--help succeeds"
like "$out" "sweep.orw" "and lists the keys"
fails "configuration file" "no configuration" "$program"
fails "nowhere.conf" "a configuration that is not there" "$program" nowhere.conf
fails "unknown option --frob" "an unknown option" "$program" "$config" --frob
fails "expected a value" "an option without its value" "$program" "$config" --out
fails "finetune.rouns.*finetune.rounds" "an unknown key, with the nearest one" "$program" "$config" --set finetune.rouns=3
fails "finetune.rounds.*many" "an ill-typed value" "$program" "$config" --set finetune.rounds=many
fails "sweep.orw.*-1" "alpha = -1" "$program" "$config" --set sweep.orw=-1
fails "stage.*fintune" "an unknown stage" "$program" "$config" --stage fintune
fails "finetune.batch.*30.*parallel.shards" "a batch that the shards do not divide, before anything is done" "$program" "$config" \
    --set finetune.batch=30 --out early
fails "evaluate.count.*30.*parallel.shards" "the same for the evaluation" "$program" "$config" --set evaluate.count=30 --out early
[ ! -e early ]
report $? "which makes no directory"
mkdir -p empty/target_image
fails "resume" "--resume in a directory without any result" "$program" "$config" --out empty --resume
fails "shards.*5" "shards that do not divide the batch" "$program" "$config" --set parallel.shards=5
fails "resume" "--resume with nothing to go on with" "$program" "$config" --out fresh --resume
[ ! -e fresh ]
report $? "which makes no directory"

printf '[finetune]\nrounds = 3\nrounds = 4\n' > twice.conf
fails "twice.conf:3.*rounds" "a key given twice" "$program" twice.conf
printf '[finetune\nrounds = 3\n' > broken.conf
fails "broken.conf:1" "a broken section" "$program" broken.conf
printf '[solver]\nkind = rk45\n' > kind.conf
fails "kind.conf:2.*rk45" "a value that is no choice" "$program" kind.conf

if command -v mpirun > /dev/null; then
    mpirun --oversubscribe -n 3 "$program" "$config" --set parallel.shards=2 --out few > few.out 2> few.err
    is "$?" 2 "fewer shards than ranks is refused"
    is "$(grep -c 'orw: error: .*shards.*3' few.err)" 1 "in one line"
else
    skip "mpirun is not installed"
    skip "mpirun is not installed"
fi

# What a method needs and does not get: one line that says what to set, before any work.
fails "expected a multiple of 5.*dgpo.group" "a shard that holds no group of five" "$program" "$config" --set sweep.dgpo=0 --set dgpo.group=5 --out needs
fails "expected a multiple of 64.*dpo.group" "pairs from more samples than there are" "$program" "$config" --set sweep.dpo=0 --set dpo.group=64 --out needs
fails "sweep.adrpo: found 0" "adrpo without its alpha" "$program" "$config" --set sweep.adrpo=0 --out needs
fails "sampler.kind" "steps that nothing leaves to chance" "$program" "$config" --set sweep.flow_grpo=0 --out needs
[ ! -e needs/target_image/base ]
report $? "nothing was begun"

# A directory that is a file, and MNIST files of all kinds of wrongness.
: > occupied
fails "occupied" "an output directory that is a file" "$program" "$config" --out occupied
mkdir data
fails "data/train-images" "missing data" "$program" "$config" --set data.directory=data --out new
cp "$mnist"/* data/
gunzip -c data/train-images-idx3-ubyte.gz | head -c 100000 | gzip > short.gz
cp short.gz data/train-images-idx3-ubyte.gz
fails "train-images" "a truncated data file" "$program" "$config" --set data.directory=data --out new
head -c 5000 "$mnist/train-images-idx3-ubyte.gz" > data/train-images-idx3-ubyte.gz
fails "train-images" "a truncated compressed file" "$program" "$config" --set data.directory=data --out new
cp "$mnist/t10k-images-idx3-ubyte.gz" data/train-images-idx3-ubyte.gz
fails "train-" "another data set's file" "$program" "$config" --set data.directory=data --out new
[ ! -e new/target_image/base ]
report $? "nothing was begun with bad data"

# A second program in the same directory is refused while the first works.
"$program" "$config" --out shared > first.log 2>&1 &
first=$!
tries=0
while [ ! -e shared/target_image/base/run.h5 ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fails "another program" "two programs in one directory" "$program" "$config" --out shared
wait $first
is $? 0 "the first is not disturbed"

done_testing
