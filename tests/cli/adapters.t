# adapters.t - Stable Diffusion 3's transformer as diffusers keeps it: config.json beside the weights, low-rank adapters in and out.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
LC_ALL=C
export LC_ALL
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }
# digest FILE: of its parameters; where it cannot be read, a text that no other file's digest is equal to.
digest() { "$orw" info "$1" 2> /dev/null | sed -n 's/^  parameters@xxh64  *//p' | grep . || echo "no digest of $1"; }

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
    [ -s one.end ] && cmp -s one.end two.end
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

# ---- adapters: at which strength

"$orw" export-weights adapted.h5 said.safetensors --adapters > /dev/null
run "$orw" import said.safetensors back.h5 --base transformer.h5
is "$status" 0 "adapters come back: $err"
is "$(digest back.h5)" "$(digest adapted.h5)" "to the same model"
like "$out" "^back.h5: adapters of rank 4, alpha 4 (metadata key lora_alpha), scale 1$" "rank, alpha, where it stands, and scale are said"
# The same without a word about alpha, and with kohya's.
silent='s/"lora_alpha":/"lora_other":/; s/transformer\.lora_alpha/transformer.lora_other/; s/transformer\.r\\"/transformer.R\\"/'
mkdir silent
sed "$silent" said.safetensors > silent/lora.safetensors
run "$orw" import silent/lora.safetensors assumed.h5 --base transformer.h5
like "$out" "^assumed.h5: adapters of rank 4, alpha 4 (assumed to be the rank: nothing says it), scale 1$" "an assumption is said: $err"
run "$orw" info assumed.h5
like "$out" "^  import.adapters  *rank 4, alpha 4 (assumed" "and kept in the file"
sed "$silent; s/\"lora_other\":\"4\"/\"alpha\":\"000008\"/" said.safetensors > changed.safetensors
run "$orw" import changed.safetensors strong.h5 --base transformer.h5
like "$out" "^strong.h5: adapters of rank 4, alpha 8 (metadata key alpha), scale 2$" "alpha in the metadata is read: $err"
echo '{"peft_type": "LORA", "r": 4, "lora_alpha": 8}' > silent/adapter_config.json
run "$orw" import silent/lora.safetensors strong.h5 --base transformer.h5
like "$out" "^strong.h5: adapters of rank 4, alpha 8 (silent/adapter_config.json), scale 2$" "PEFT's file beside it is read: $err"
run "$orw" info strong.h5
like "$out" "lora_alpha *8$" "the model has it"
fails "alpha 4 in metadata key lora_alpha, but 8 in silent/adapter_config.json" "what disagrees is refused" \
    "$orw" import said.safetensors no.h5 --base transformer.h5 --config silent/adapter_config.json
fails "silent/adapter_config.json: is what is read" "adapter_config.json is not written over" \
    "$orw" import said.safetensors silent/adapter_config.json --base transformer.h5 --config silent/adapter_config.json
"$orw" export-weights strong.h5 strong.safetensors --adapters > /dev/null
run "$orw" import strong.safetensors again.h5 --base transformer.h5
is "$(digest again.h5)" "$(digest strong.h5)" "and it goes out and comes back"

# ---- adapters of another program

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
    [ -s a.end ] && cmp -s a.end b.end
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
