# ranks.t - optimal coupling in pre-training and the adaptive solver in fine-tuning, both per shard, give the same bits on any number
# of ranks; the evaluations of v are counted over all of them.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
launcher=${MPIRUN:-mpirun --oversubscribe --bind-to none}
command -v mpirun > /dev/null || [ -n "${MPIRUN:-}" ] || skip_all "mpirun is not installed"

digest() { "$orw" info "$1" | sed -n 's/^  parameters@xxh64  *//p'; }

short="--set pretrain.updates=10 --set pretrain.warmup=0 --set finetune.rounds=2 --set sweep.orw=0.3 --set sweep.offline= --set evaluate.count=8 --set classifier_a.updates=5
    --set classifier_b.updates=5"
# shellcheck disable=SC2086
$launcher -n 1 "$program" "$config" $short --out free > free.log 2>&1
is $? 0 "independent coupling, midpoint steps: the smoke profile cut short"
for ranks in 1 3; do
    # shellcheck disable=SC2086
    $launcher -n $ranks "$program" "$config" $short --set pretrain.coupling=optimal --set solver.kind=adaptive --set solver.tolerance=1e-3 \
        --out "ranks$ranks" > "ranks$ranks.log" 2>&1
    is $? 0 "optimal coupling, adaptive steps on $ranks ranks: $(tail -n 1 "ranks$ranks.log")"
done
base=target_image/base/model.h5
run=target_image/runs/orw-alpha0.3-seed1
like "$(digest ranks1/$base)" "^[0-9a-f]\{16\}$" "there is a base model"
is "$(digest ranks3/$base)" "$(digest ranks1/$base)" "the same on three ranks: shards are coupled alone"
[ "$(digest free/$base)" != "$(digest ranks1/$base)" ]
report $? "another one than with independent coupling"
is "$(digest ranks3/$run/policy.h5)" "$(digest ranks1/$run/policy.h5)" "the same policy: shards are solved alone"
"$orw" export ranks1/$run/run.h5 metrics > one.tsv
"$orw" export ranks3/$run/run.h5 metrics > three.tsv
is "$(cat three.tsv)" "$(cat one.tsv)" "the same metrics, evaluations of v included"
# Methods that learn from steps left to chance: each sample's chance is its own stream's.
for ranks in 1 2 3; do
    # shellcheck disable=SC2086
    $launcher -n $ranks "$program" "$config" $short --set sweep.orw= --set sweep.flow_grpo=0.1 --set sweep.ddpo=0 --set sampler.kind=sde \
        --set sampler.window=4 --set sampler.window_rounds=1 --out "chance$ranks" > "chance$ranks.log" 2>&1
    is $? 0 "flow_grpo and ddpo on $ranks ranks: $(tail -n 1 "chance$ranks.log")"
done
for which in flow_grpo-alpha0.1-seed1 ddpo-alpha0-seed1; do
    one=$(digest chance1/target_image/runs/$which/policy.h5)
    like "$one" "^[0-9a-f]\{16\}$" "$which: there is a policy"
    is "$(digest chance2/target_image/runs/$which/policy.h5) $(digest chance3/target_image/runs/$which/policy.h5)" "$one $one" "the same on two and three ranks"
done
fails "sampler.kind: found ode, but flow_grpo learns from steps that are left to chance: set it to sde" "without chance: refused" \
    "$program" "$config" $short --set sweep.orw= --set sweep.flow_grpo=0.1 --out refused
[ ! -e refused/target_image/base ]
report $? "before any work"
# Midpoint: 32 samples, 2 evaluations for each of 4 steps, per round.
column() { awk -F '\t' -v name="$2" 'NR == 1 { sub("^# ", ""); for (i = 1; i <= NF; i++) if ($i == name) at = i } NR > 1 { print $at }' "$1"; }
"$orw" export free/$run/run.h5 metrics > free.tsv
is "$(column free.tsv evaluations | tr '\n' ' ')" "256 512 " "midpoint's evaluations are those of all samples"
column one.tsv evaluations | awk '{ if ($1 <= last || $1 % 4) bad = 1; last = $1 } END { exit bad || NR != 2 }'
report $? "adaptive evaluations grow, whole shards at a time ($(column one.tsv evaluations | tr '\n' ' '))"
done_testing
