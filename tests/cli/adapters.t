# adapters.t - Stable Diffusion 3's transformer as diffusers keeps it: config.json beside the weights, low-rank adapters in and out.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
LC_ALL=C
export LC_ALL
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }
digest() { "$orw" info "$1" | sed -n 's/^  parameters@xxh64  *//p'; }

# ---- config.json

mkdir theirs
run "$orw" export-weights transformer.h5 theirs/all.safetensors --config theirs/config.json
is "$status" 0 "weights and config.json are written: $err"
like "$(cat theirs/config.json)" '"_class_name": "SD3Transformer2DModel"' "config.json names the class"
like "$(tr -d ' \n' < theirs/config.json)" '"qk_norm":null,"dual_attention_layers":\[0\]' "null and lists are JSON's"
# The same tensors with metadata that say nothing of the network, as diffusers writes them.
strip() {
    python3 - "$1" "$2" << 'PYTHON'
import json, struct, sys
content = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", content[:8])[0]
header = json.loads(content[8:8 + length])
header["__metadata__"] = {"format": "pt"}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + content[8 + length:])
PYTHON
}
if command -v python3 > /dev/null; then
    strip theirs/all.safetensors theirs/diffusion_pytorch_model.safetensors
    run "$orw" import theirs/diffusion_pytorch_model.safetensors back.h5
    is "$status" 0 "config.json in the folder describes the network: $err"
    "$orw" export-weights transformer.h5 one.safetensors > /dev/null
    "$orw" export-weights back.h5 two.safetensors > /dev/null
    tail -c 4096 one.safetensors > one.end
    tail -c 4096 two.safetensors > two.end
    cmp -s one.end two.end
    report $? "with the same weights"
    cp theirs/diffusion_pytorch_model.safetensors lone.safetensors
    fails "lone.safetensors: kind: missing" "without config.json there is no network" "$orw" import lone.safetensors no.h5
    run "$orw" import lone.safetensors named.h5 --config theirs/config.json
    is "$status" 0 "--config names it: $err"
    is "$(digest named.h5)" "$(digest back.h5)" "the same model"
    broken() { sed "s/$1/$2/" theirs/config.json > broken.json; }
    wrong() { fails "$1" "$2" "$orw" import lone.safetensors no.h5 --config broken.json; }
    broken '"num_layers": 2' '"num_layers": 3'
    wrong "transformer_blocks.1.norm1_context.linear.weight: shape" "more layers than tensors"
    broken SD3Transformer2DModel FluxTransformer2DModel
    wrong "broken.json: _class_name FluxTransformer2DModel found" "another class"
    broken '"num_layers": 2' '"num_lairs": 2'
    wrong "num_lairs: no key of a mmdit" "an unknown key"
    broken '"num_layers": 2' '"num_layers": {}'
    wrong "broken.json: num_layers: an object" "an object for a number"
    broken '^    0$' '    4294967296'
    wrong "broken.json: dual_attention_layers: a list" "a layer's number that no machine has"
    broken '}' ''
    wrong "broken.json: no valid JSON" "a file cut short"
    echo '[]' > broken.json
    wrong "broken.json: no JSON object" "a list"
    fails "absent.json: cannot be opened" "no such file" "$orw" import lone.safetensors no.h5 --config absent.json
else
    skip "python3 is not installed"
fi
fails "the model is a unet" "a U-Net has no such config.json" "$orw" export-weights flow.h5 no.safetensors --config no.json

# ---- adapters

given=${ORW_REFERENCE:-}/mmdit-tiny
if [ -r "$given/lora.safetensors" ]; then
    "$orw" import "$given/weights.safetensors" base.h5 > /dev/null
    run "$orw" import "$given/lora.safetensors" adapted.h5 --base base.h5
    is "$status" 0 "adapters are added to a base: $err"
    like "$out" "adapted.h5: mmdit, 141 tensors" "95 tensors and 46"
    run "$orw" info adapted.h5
    like "$out" "lora_alpha *8$" "alpha comes from the metadata"
    run "$orw" export-weights adapted.h5 back.safetensors --adapters
    is "$status" 0 "they are written: $err"
    run "$orw" import back.safetensors again.h5 --base base.h5
    is "$(digest again.h5)" "$(digest adapted.h5)" "and read: the same model"
    tail -c 47104 back.safetensors > a.end
    tail -c 47104 "$given/lora.safetensors" > b.end
    cmp -s a.end b.end
    report $? "the data are PyTorch's, bit for bit"
    run "$orw" export-weights adapted.h5 merged.safetensors --merge
    like "$out" "95 tensors" "merged, they are a plain network"
    run "$orw" import merged.safetensors merged.h5
    is "$status" 0 "that is read like any: $err"
    fails "adapters of another model" "weights that they were not made for" "$orw" import back.safetensors no.h5 --base merged.h5
    fails "lora_rank: 4 found, expected\|back.safetensors: " "a network of another shape" \
        "$orw" import back.safetensors no.h5 --base transformer.h5
    fails "adapters need --base" "adapters alone" "$orw" import back.safetensors no.h5
    fails "adapters of rank 4 already" "adapters on adapters" "$orw" import back.safetensors no.h5 --base adapted.h5
    if command -v python3 > /dev/null; then
        python3 - back.safetensors patterned.safetensors << 'PYTHON'
import json, struct, sys
content = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", content[:8])[0]
header = json.loads(content[8:8 + length])
settings = json.loads(header["__metadata__"].get("lora_adapter_metadata", "{}"))
settings["transformer.alpha_pattern"] = {"transformer_blocks.0": 2}
header["__metadata__"]["lora_adapter_metadata"] = json.dumps(settings)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + content[8 + length:])
PYTHON
        fails "transformer.alpha_pattern found" "an alpha of each layer's own is not passed over" \
            "$orw" import patterned.safetensors no.h5 --base base.h5
    else
        skip "python3 is not installed"
    fi
    fails "--adapters: not together with --merge" "both at once" \
        "$orw" export-weights adapted.h5 no.safetensors --adapters --merge
    fails "no tensor named" "a checkpoint in their place" "$orw" import merged.safetensors no.h5 --base base.h5
else
    skip "no reference data: mmdit-tiny"
fi
fails "no adapters found" "a model without" "$orw" export-weights transformer.h5 no.safetensors --adapters
fails "no adapters found" "likewise" "$orw" export-weights transformer.h5 no.safetensors --merge
fails "no tensor named" "a U-Net takes none" "$orw" import theirs/all.safetensors no.h5 --base flow.h5
[ ! -e no.h5 ] && [ ! -e no.safetensors ] && [ ! -e no.json ]
report $? "failures leave no file"
done_testing
