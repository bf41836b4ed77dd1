# transformer.t - Stable Diffusion 3 and 3.5 as diffusers and as Stability AI publish them: float32, bfloat16, float16, several files,
# one file; what the imported model computes against PyTorch.
. "$ORW_ROOT/tests/sd3/sd3.sh"
needs_python diffusers
their transformer . sd3 sd35 patch -- stability . -- trajectory . sd35 path.safetensors
report $? "models of the real classes" || done_testing

check() { # KIND HEIGHT WIDTH
    for type in f32 bf16 f16 shards; do
        run "$orw" import "$1/$type" "$1-$type.h5" --height "$2" --width "$3"
        is "$status" 0 "$1 in $type is imported: $err"
        case=$1/$type.safetensors
        [ $type = shards ] && case=$1/f32.safetensors
        near "$("$theirs" velocity "$1-$type.h5" "$case")" 2e-6 "$1 in $type computes what diffusers does"
    done
    is "$("$orw" info "$1-shards.h5" | sed -n 's/^  parameters@xxh64 *//p')" "$("$orw" info "$1-f32.h5" | sed -n 's/^  parameters@xxh64 *//p')" \
        "$1: several files are one model"
}
check sd3 8 8
check sd35 10 14
check patch 5 6
near "$("$theirs" trajectory sd35-f32.h5 path.safetensors)" 1e-5 "times, Euler steps and guidance are diffusers' sampler's"
run "$orw" info sd35-shards.h5
like "$out" "import.part[0-9]* *[0-9a-f]\{64\} diffusion_pytorch_model-00002-of-" "every file's digest is kept"
like "$out" "parameters@shift *3$" "and the scheduler's shift"

mkdir back && "$orw" export-weights sd35-shards.h5 back/diffusion_pytorch_model.safetensors --config back/config.json > /dev/null
for kind in sd3 sd35; do
    run "$orw" import "$kind-one.safetensors" one.h5 --height 16 --width 16
    is "$status" 0 "$kind in Stability's names is imported: $err"
    "$orw" export-weights one.h5 "$kind-ours.safetensors" > /dev/null
done
"$orw" export-weights one.decoder.h5 decoder-ours.safetensors > /dev/null
their loads back sd35/f32.safetensors -- compare sd3-ours.safetensors sd3-converted.safetensors -- compare sd35-ours.safetensors sd35-converted.safetensors \
    -- compare decoder-ours.safetensors sd35-decoder-converted.safetensors
report $? "diffusers loads what is exported and computes the same; Stability's names mean the tensors that its own conversions make"
run "$orw" info one.h5
like "$out" "dual_attention_layers *0,1$" "the second attention is found"

# ---- bad input

fails "kind: missing\|without transformer/" "a folder of something else" "$orw" import back no.h5
mkdir -p half/transformer
cp sd3/f32/transformer/config.json half/transformer
fails "half/transformer/: no diffusion_pytorch_model.safetensors found" "a folder without weights" "$orw" import half no.h5
cp sd35/f32/transformer/diffusion_pytorch_model.safetensors half/transformer
fails "not the tensors of this network: \|: shape " "weights that config.json contradicts" "$orw" import half no.h5
cp -r sd3/shards lost
rm lost/transformer/diffusion_pytorch_model-00002-of-*.safetensors
fails "file diffusion_pytorch_model-00002-of-.* is missing" "a missing file of an index" "$orw" import lost no.h5
fails "is what is read" "a file of the index is not written over" "$orw" import sd3/shards sd3/shards/transformer/diffusion_pytorch_model-00001-of-*.safetensors
fails "a folder, expected no --base" "adapters are no folder" "$orw" import sd3/f32 no.h5 --base sd3-f32.h5
fails "scheduler_config.json says it" "a second shift" "$orw" import sd3/f32 no.h5 --shift 2
sed -i 's/FlowMatchEuler/Euler/' lost/scheduler/scheduler_config.json
cp sd3/shards/transformer/* lost/transformer
fails "_class_name EulerDiscreteScheduler found" "another sampler" "$orw" import lost no.h5
fails "pos_embed_max_size: 4 found, but 8x4 patches need" "an image larger than the positions" "$orw" import sd3/bf16 no.h5 --height 16
[ ! -e no.h5 ] && [ ! -e no.h5.partial ]
report $? "failures leave no file"
done_testing
