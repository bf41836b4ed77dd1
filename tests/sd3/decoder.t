# decoder.t - the decoder of AutoencoderKL against diffusers, at several sizes: in one band and in many, at odd sizes.
. "$ORW_ROOT/tests/sd3/sd3.sh"
needs_python diffusers
their decoder . tiny wide real
report $? "models of the real class" || done_testing
for kind in tiny wide real; do
    run "$orw" import "$kind/vae/diffusion_pytorch_model.safetensors" "$kind.h5"
    is "$status" 0 "$kind is imported: $err"
    for case in "$kind"-*.safetensors; do
        near "$("$theirs" image "$kind.h5" "$case")" 1e-5 "$case: the image is diffusers'"
        near "$("$theirs" bands "$kind.h5" "$case")" 1e-5 "$case: and in bands of four rows"
    done
done
run "$orw" info real.h5
like "$out" "scaling_factor *1.5305$" "the scaling is kept"

# ---- bad input
wrong() { # FROM TO PATTERN NAME
    mkdir -p bad && sed "s/$1/$2/" tiny/vae/config.json > bad/config.json
    cp tiny/vae/diffusion_pytorch_model.safetensors bad
    fails "$3" "$4" "$orw" import bad/diffusion_pytorch_model.safetensors no.h5
}
wrong '"use_post_quant_conv": false' '"use_post_quant_conv": true' "use_post_quant_conv: true found, expected false" "a quant convolution"
wrong '"layers_per_block": 2' '"layers_per_block": 3' "missing: decoder.up_blocks.0.resnets.3" "more layers than tensors"
wrong '"norm_num_groups": 4' '"norm_num_groups": 5' "norm_num_groups: 5 found" "groups that do not divide"
wrong '"act_fn": "silu"' '"act_fn": "gelu"' "act_fn: gelu found" "another activation"
wrong 'UpDecoderBlock2D' 'AttnUpDecoderBlock2D' "up_block_types: AttnUpDecoderBlock2D found" "attention in every stage"
fails "vae_decoder, expected a flow model" "a decoder draws no samples" "$orw" sample tiny.h5 no.h5
[ ! -e no.h5 ]
report $? "failures leave no file"
done_testing
