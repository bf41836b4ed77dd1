# driver.t - the driver `sd3` end to end on a tiny Stable Diffusion 3 of random numbers: samples under prompts, decoded, rewarded,
# adapters trained; the same bits on any number of ranks; what is refused.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
sd3=$BUILD/bin/sd3
LC_ALL=C
export LC_ALL
"$BUILD/tests/sd3/test_tiny" . > /dev/null || { report 1 "the tiny model"; done_testing; }
cat > tiny.conf << 'CONF'
[sd3]
model = sd3.h5
decoder = decoder.h5
prompts = prompts.h5
[lora]
rank = 2
alpha = 4
[solver]
kind = euler
steps = 3
guidance = 2
[finetune]
rounds = 2
updates_per_round = 2
batch = 12
rate = 1e-2
[evaluate]
every = 1
count = 12
[samples]
every = 1
[checkpoint]
rounds = 1
[parallel]
shards = 4
[sweep]
orw = 0, 1
raft = 1
seeds = 1
CONF
run "$sd3" tiny.conf --out one
is "$status" 0 "a sweep is run: $(tail -n 1 tap.err)"
for name in orw-alpha0-seed1 orw-alpha1-seed1 raft-alpha1-seed1; do exists "one/sd3/runs/$name/policy.h5" "$name"; done
run "$orw" info one/sd3/runs/orw-alpha1-seed1/samples/final.h5
like "$out" "images *uint8 \[12,16,16,3\]" "samples are kept as images"
run "$orw" export one/sd3/runs/orw-alpha1-seed1/run.h5 evaluation
is "$(printf '%s\n' "$out" | wc -l)" 4 "three evaluations"
first=$(printf '%s\n' "$out" | sed -n 2p) last=$(printf '%s\n' "$out" | sed -n 4p)
[ "$first" != "$last" ]
report $? "the policy has changed"
mpirun --oversubscribe --bind-to none -n 3 "$sd3" tiny.conf --out three > three.log 2>&1
is $? 0 "and on three ranks: $(tail -n 1 three.log)"
"$ORW_ROOT/scripts/same-results.sh" one three > same.log 2>&1
report $? "to the same bits" || sed 's/^/# /' same.log

run "$orw" export-weights one/sd3/runs/orw-alpha1-seed1/policy.h5 lora.safetensors --adapters
is "$status" 0 "the adapters go out: $err"
"$orw" import lora.safetensors again.h5 --base sd3.h5 > /dev/null
digest() { "$orw" info "$1" 2> /dev/null | sed -n 's/^  parameters@xxh64  *//p' | grep . || echo "no digest of $1"; }
is "$(digest again.h5)" "$(digest one/sd3/runs/orw-alpha1-seed1/policy.h5)" "and come back to the same model"
mkdir peft
run "$orw" export-weights one/sd3/runs/orw-alpha1-seed1/policy.h5 peft/adapter_model.safetensors --peft
is "$status" 0 "in PEFT's names, too: $err"
like "$(cat peft/adapter_config.json)" '"r": 2,' "with PEFT's configuration"
"$orw" import peft/adapter_model.safetensors peft.h5 --base sd3.h5 > peft.out 2>&1
is "$(digest peft.h5)" "$(digest again.h5)" "which is read as well: $(cat peft.out)"

# ---- bad input
refuse() { fails "$1" "$2" "$sd3" tiny.conf --out no --set "$3"; }
refuse "sd3.model: empty, expected the name of a model file" "no model" sd3.model=
refuse "absent.h5" "a model that is not there" sd3.model=absent.h5
refuse "decoder.h5: lora_[a-z]*: no key of a vae_decoder" "a decoder for a model" sd3.model=decoder.h5
refuse "sd3.prompts: decoder.h5: a vae_decoder found, expected a prompt_table" "a decoder for prompts" sd3.prompts=decoder.h5
refuse "sd3.decoder: sd3.h5: a mmdit of 4 channels, expected a vae_decoder of 4" "a transformer for a decoder" sd3.decoder=sd3.h5
refuse "lora_rank: 17 found, expected 1 .. 16" "a rank above the width" lora.rank=17
(ulimit -v 3000000 && "$orw" bench --filter sd3-256/forward > memory.out 2> memory.err)
is $? 2 "too little memory ends with status 2"
like "$(cat memory.err)" "mmdit with .* frozen numbers: takes [0-9.]* GiB of memory in every process, but [0-9.]* GiB are free" "said before it is taken"
"$orw" export-weights again.h5 no.safetensors --adapters --peft 2> both.err
like "$(cat both.err)" "adapters: not together with --peft" "two forms at once"
done_testing
