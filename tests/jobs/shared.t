# shared.t - the runs of an experiment as a job array has them: what --runs prints, what --complete tells, and programs that work side
# by side with --shared, each on a run of its own.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
tiny='--set pretrain.updates=4 --set classifier_a.updates=4 --set classifier_b.updates=4 --set pretrain.warmup=0 --set finetune.rounds=12
    --set checkpoint.rounds=1 --set evaluate.every=100 --set samples.every=0'
command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"

# orw WORD...: the driver on one rank.
# shellcheck disable=SC2086
orw() { "$program" "$config" $tiny "$@"; }
only() { printf -- '--set sweep.orw=%s --set sweep.offline=%s --set sweep.seeds=%s' "$1" "$2" "$3"; }
files() { find "$1" -type f -exec ls -l --time-style=full-iso {} + | sort; }
# same A B NAME: the same HDF5 files, equal but for timings and provenance.
same() {
    different=
    [ "$(cd "$1" && find . -name '*.h5' | sort)" = "$(cd "$2" && find . -name '*.h5' | sort)" ] || different="list of files"
    for file in $(cd "$1" && find . -name '*.h5' | sort); do
        said=$(h5diff -c --exclude-path /provenance --exclude-path /timing "$1/$file" "$2/$file" 2>&1) && [ -z "$said" ] ||
            different="$different $file"
    done
    is "$different" "" "$3"
}

# ---- the list

run orw --runs --set sweep.orw=0,0.3 --set sweep.offline=1 --set sweep.seeds=1,7
is "$status:$out" "0:$(only 0 '' 1)
$(only 0 '' 7)
$(only 0.3 '' 1)
$(only 0.3 '' 7)
$(only '' 1 1)
$(only '' 1 7)" "--runs: one line selects one run"
run orw --runs --set sweep.orw=0 --set sweep.offline= --set sweep.seeds=1 --set "sweep.over=weight.tau=2, 3/finetune.rate=1e-4"
is "$status:$out" "0:--set sweep.orw=0 --set sweep.seeds=1 --set sweep.over=weight.tau=2/finetune.rate=1e-4
--set sweep.orw=0 --set sweep.seeds=1 --set sweep.over=weight.tau=3/finetune.rate=1e-4" "--runs: keys to sweep over are crossed with it"
fails "sweep.over: found 'pretrain.rate=1e-4', expected a key of fine-tuning" "not what runs are made from" orw --runs --set sweep.over=pretrain.rate=1e-4
fails "sweep.over: .*unknown key 'weight.tua', the nearest one is 'weight.tau'" "an unknown key" orw --runs --set sweep.over=weight.tua=1
fails "sweep.over: .*weight.tau" "a value that the key does not take" orw --runs --set sweep.over=weight.tau=1,warm
many=0,1,2,3,4,5,6,7,8,9
for text in weight.tau= weight.tau tau=1 'weight.tau=1;2' /weight.tau=1 weight.tau=1, weight.tau=1/ weight.tau=1,1.0 weight.tau=1/weight.tau=2 weight.tau=1E1 weight.tau=1e+1 \
    finetune.batch=30 pretrain.rate=1e-4 evaluate.count=64 \
    "weight.tau=$many/behaviour.refresh=$many,10/finetune.rounds=$many,10/finetune.warmup=$many"; do
    run orw --runs --set "sweep.over=$text"
    is "$status:$(printf '%s\n' "$err" | grep -c '^orw: error: sweep.over: ')" "2:1" "sweep.over=$text --runs"
    run orw --out none --set "sweep.over=$text"
    is "$status:$(printf '%s\n' "$err" | grep -c '^orw: error: sweep.over: ')" "2:1" "sweep.over=$text"
done
[ ! -e none ]
report $? "nothing was made"
fails "sweep.seeds: found 1 twice" "a seed twice" orw --runs --set sweep.seeds=1,1
fails "run.seed: found 7, which is for the sweep to say" "the seed of a run" orw --runs --set run.seed=7
fails "run.method: found raft, which is for the sweep to say" "its method" orw --out none --set run.method=raft
fails "sweep.over: found 'run.alpha=1', expected a key of fine-tuning" "its alpha" orw --runs --set sweep.over=run.alpha=1,2
run "$BUILD/bin/text_image" "$ORW_ROOT/experiments/text_image/smoke.conf" --runs --set sweep.orw=0,1 --set sweep.raft= \
    --set sweep.reft= --set sweep.control= --set also.lora=1 --set also.rewards=0 --set sweep.seeds=1
is "$status:$out" "0:--set sweep.orw=0 --set also.lora= --set also.rewards= --set sweep.seeds=1
--set sweep.orw=1 --set also.lora= --set also.rewards= --set sweep.seeds=1
--set sweep.orw= --set also.lora=1 --set also.rewards= --set sweep.seeds=1
--set sweep.orw= --set also.lora= --set also.rewards=0 --set sweep.seeds=1" "--runs: runs beside the sweep have lines of their own"
run "$BUILD/bin/theory" "$ORW_ROOT/experiments/theory/smoke.conf" --runs
is "$status:$out" "0:" "an experiment without a sweep has none"

# ---- runs of a sweep over any key

over() { orw --runs --set sweep.orw=0 --set sweep.offline= --set sweep.seeds=1 "$@" 2>&1 | sed -n 's/.*sweep.over=//p; s/orw: error: //p'; }
is "$(over --set sweep.tau=1,3)" "weight.tau=1
weight.tau=3" "sweep.tau: a key of fine-tuning by its name"
is "$(over --set sweep.over=behaviour.refresh=1,2/weight.tau=7 --set "sweep.weight.tau= 3" --set sweep.rate=0.1)" \
    "behaviour.refresh=1/weight.tau=3/finetune.rate=0.1
behaviour.refresh=2/weight.tau=3/finetune.rate=0.1" "or by its whole name; it takes the place of what sweep.over had of it"
is "$(over --set sweep.over=weight.tau=7 --set sweep.tau=)" "" "none: no such axis"
printf '[sweep]\norw = 0\nseeds = 1\ntau = 0, 1\n' > tau.conf
run "$program" tau.conf --runs
is "$status:$out" "0:--set sweep.orw=0 --set sweep.seeds=1 --set sweep.over=weight.tau=0
--set sweep.orw=0 --set sweep.seeds=1 --set sweep.over=weight.tau=1" "in a file as well"
is "$(over --set sweep.taw=1)" "--set: unknown key 'sweep.taw', the nearest one is 'sweep.orw'" "a name that no key has"
is "$(over --set sweep.tau=1/2)" '--set: sweep.tau = "1/2": expected values with commas between' "other signs between values"
is "$(over --set sweep.tau=many)" 'sweep.over: --set: weight.tau = "many": expected a finite real in [0, 1e+06]' "values that are none"
is "$(over --set sweep.solver.steps=4)" "sweep.over: found 'solver.steps=4', expected a key of fine-tuning alone" "a key of something else"
is "$(over --set raft.keep=0.5)" "raft.keep: found 0.5, but no run is of raft; expected sweep.raft to list its alphas" "a key of a method that no run is of"
is "$(orw --runs --set raft.keep=0.5 --set sweep.orw= --set sweep.offline= --set sweep.raft=1 --set sweep.seeds=1)" \
    "--set sweep.raft=1 --set sweep.seeds=1" "of one that runs are of: taken"

orw --out over --set sweep.orw=0 --set sweep.offline= --set sweep.seeds=1 --set finetune.rounds=1 --set sweep.over=weight.tau=2,3 > over.log 2>&1
is "$? $(cd over/target_image/runs && echo *)" "0 base orw-tau2-alpha0-seed1 orw-tau3-alpha0-seed1" "each value has a run of its own"
for tau in 2 3; do
    run "$BUILD/bin/orw" export --provenance over/target_image/runs/orw-tau$tau-alpha0-seed1/policy.h5
    like "$out" "^run.tau.$tau\$" "made with that value"
    like "$out" "^run.name.orw-tau$tau-alpha0-seed1\$" "whose provenance has its name"
    like "$out" "^run.setting.orw-tau$tau\$" "and what it shares with other alphas and seeds"
    like "$out" "^run.weight.tau.$tau\$" "and what it overrides"
    like "$(cat over.log)" "^orw-tau$tau-alpha0-seed1: round" "and whose line of progress says so"
    like "$out" "weight.tau = $tau" "which it depends on"
done
cmp -s over/target_image/runs/orw-tau2-alpha0-seed1/policy.h5 over/target_image/runs/orw-tau3-alpha0-seed1/policy.h5
[ $? -eq 1 ]
report $? "and shows in it"

# ---- complete or not

run orw --complete --out out
is "$status:$out" "3:out/target_image/base: not complete" "--complete: status 3, and what is missing first"
[ ! -e out ]
report $? "nothing was made"
orw --stage rewards --out out > models.log 2>&1
is $? 0 "models"
run orw --complete --stage rewards --out out
is "$status" 0 "--complete: they are there"
run orw --complete --stage rewards --out out --set pretrain.updates=5
is "$status:$out" "3:out/target_image/base: not complete" "with other settings they are not"
[ ! -e out/target_image/base.replaced-1 ]
report $? "and are left where they are"
cp -r out plain

# ---- questions need no MPI, and no launcher that works

broken() { OMPI_MCA_plm_rsh_agent=/nonexistent OMPI_MCA_btl=nonexistent OMPI_MCA_pml=nonexistent orw "$@"; }
for question in --runs --print-config --help --markdown '--complete --stage rewards --out out'; do
    # shellcheck disable=SC2086
    run orw $question
    expected="$status:$out"
    # shellcheck disable=SC2086
    run broken $question
    is "$status:$out" "$expected" "$question: answered where MPI cannot start"
    if [ -w /dev/full ]; then
        [ -n "$out" ] || continue # --complete, where all is there
        # shellcheck disable=SC2086
        said=$(orw $question 2>&1 > /dev/full)
        is "$?:$said" "2:orw: error: standard output: cannot be written" "$question: a full disk is an error"
    fi
done
launcher=${MPIRUN:-mpirun --oversubscribe --bind-to none}
is "$($launcher -n 2 "$program" --help | wc -l)" "$("$program" --help | wc -l)" "of two processes one answers"

# ---- settings that make no run

for empty in "sweep.seeds=" "sweep.seeds= --runs" "sweep.orw= --set sweep.offline=" "sweep.orw= --set sweep.offline= --runs"; do
    # shellcheck disable=SC2086
    fails "sweep.[a-z]*.*: found nothing, which makes no run at all" "--set $empty: refused" orw --out out --set $empty
done
run orw --stage rewards --out out --set sweep.orw= --set sweep.offline=
is "$status" 0 "nothing is needed of the sweep where no run is asked for"
like "$err" "^out/target_image: complete as far as --stage rewards; the results are there" "what is complete is said, and where it is"
fails "--out: found ''" "no name for the folder" orw --out ''

# ---- side by side

# begin WORD...: a program that stops in its tracks once it has a checkpoint of $place.
begin() {
    # shellcheck disable=SC2086
    "$program" "$config" $tiny --out out "$@" > long.log 2>&1 &
    victim=$!
    while [ ! -e "out/target_image/runs/$place/checkpoint.h5" ] && kill -0 $victim 2> /dev/null; do sleep 0.02; done
    kill -STOP $victim
}
end() {
    kill -9 "$victim"
    wait "$victim" 2> /dev/null
}
victim=''
trap '[ -z "$victim" ] || kill -9 $victim 2> /dev/null' EXIT
place=orw-alpha0.3-seed1
# shellcheck disable=SC2046
begin $(only 0.3 '' 1) --shared
# shellcheck disable=SC2046
fails 'out/target_image/runs/orw-alpha0.3-seed1: another program is at work there' "the same run: refused" \
    orw $(only 0.3 '' 1) --shared --out out
fails 'out/target_image: another program is at work there' "without --shared: refused" orw --out out
# shellcheck disable=SC2046
run orw $(only 0 '' 1) --shared --out out
is "$status" 0 "another run: done meanwhile"
[ ! -e out/target_image/runs/$place/policy.h5 ] && kill -0 "$victim" 2> /dev/null
report $? "beside the first one"
# shellcheck disable=SC2046
run orw $(only 0 '' 1) --complete --shared --out out
is "$status" 0 "it is complete"
end
rm -r out/target_image/runs/orw-alpha0.3-seed1
before=$(files out)
# shellcheck disable=SC2046
run orw $(only 0 '' 1) --shared --out out
is "$status:$(files out)" "0:$before" "once more: nothing is touched"
# shellcheck disable=SC2046
orw $(only 0 '' 1) --out plain > plain.log 2>&1
same plain out "the bits of a program that worked alone"

# ---- a program that is alone keeps the others out

place=orw-alpha0.3-seed2
# shellcheck disable=SC2046
begin $(only 0.3 '' 2)
# shellcheck disable=SC2046
fails 'out/target_image: another program is at work there' "--shared beside it: refused" orw $(only 0 '' 3) --shared --out out
end
done_testing
