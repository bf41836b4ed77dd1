# adapters.t - low-rank adapters between this suite, PEFT and diffusers: in, out, and loaded by both again; a second attention stays as it is.
. "$ORW_ROOT/tests/sd3/sd3.sh"
needs_python diffusers peft
their transformer . sd35 -- adapters . sd35
report $? "adapters that PEFT has written" || done_testing
"$orw" import sd35/f32 base.h5 --height 10 --width 14 > /dev/null
for alpha in 4 6; do
    run "$orw" import peft-$alpha/adapter_model.safetensors lora-$alpha.h5 --base base.h5
    like "$out" "adapters of rank 4, alpha $alpha (peft-$alpha/adapter_config.json)" "PEFT's adapters are read: $err"
    near "$("$theirs" velocity lora-$alpha.h5 peft-$alpha.safetensors)" 2e-6 "with them the model computes what PEFT's does"
    mkdir back-$alpha
    run "$orw" export-weights lora-$alpha.h5 back-$alpha/adapter_model.safetensors --peft
    is "$status" 0 "they go out in PEFT's names: $err"
    "$orw" export-weights lora-$alpha.h5 lora-$alpha.safetensors --adapters > /dev/null
done
their adapted . sd35 6 back-6 -- adapted . sd35 4 back-4 lora-4.safetensors
report $? "PEFT and diffusers load them and compute the same"
done_testing
