# pipeline.t - from a folder of diffusers to images under prompts: the lines of docs/weights.md, on a tiny Stable Diffusion 3 with text
# encoders of the real classes.
. "$ORW_ROOT/tests/sd3/sd3.sh"
needs_python diffusers transformers
their pipeline .
report $? "a whole pipeline" || done_testing
sed -n '/^<!-- prompts -->/,/^```$/p' "$ORW_ROOT/docs/weights.md" | sed '1,2d;$d; s/"stable-diffusion-3.5-medium"/"tiny"/' > encode.py
printf 'a cat on a mat\nthe same cat, at night\n\n' > prompts.txt
run "$python" encode.py
is "$status" 0 "the lines of the documentation run: $(tail -n 1 tap.err)"
run "$orw" import tiny sd3.h5 --height 10 --width 14
is "$status" 0 "the folder is imported: $err"
like "$out" "^sd3.h5: mmdit, " "the transformer"
like "$out" "^sd3.decoder.h5: vae_decoder, " "and the decoder"
run "$orw" import-prompts prompts.safetensors prompts.h5 --for sd3.h5
is "$status" 0 "prompts are imported: $err"
like "$out" "^prompts.h5: 3 prompts of 333 tokens, and the empty one$" "with the empty one"
draw() { run "$orw" sample sd3.h5 "$@" --prompts prompts.h5 --solver euler --steps 3 --guidance 4 --count 2 --seed 5; }
draw cat.h5 --label 0 --decoder sd3.decoder.h5
is "$status" 0 "samples are drawn and decoded: $err"
run "$orw" info cat.h5
like "$out" "images *uint8 \[2,80,112,3\]" "eight pixels for a latent"
run "$orw" grid cat.h5 cat.png --columns 2
is "$status" 0 "images are shown: $err"
draw night.h5 --label 1 --decoder sd3.decoder.h5
"$orw" grid night.h5 night.png --columns 2 > /dev/null
! cmp -s cat.png night.png
report $? "another prompt, another image"
run "$theirs" prompt sd3.h5 prompts.h5 prompts.safetensors
is "$out" "0" "rows of the table are the tensors, the empty prompt is condition -1"

# ---- bad input
fails "label: 3 found, but prompts.h5 has prompts 0 .. 2" "a prompt that there is not" "$orw" sample sd3.h5 no.h5 --prompts prompts.h5 --label 3
fails "cat.h5: " "samples for prompts" "$orw" sample sd3.h5 no.h5 --prompts cat.h5 --label 0
fails "sd3.decoder.h5: a vae_decoder found, expected a prompt_table" "a decoder for prompts" "$orw" sample sd3.h5 no.h5 --prompts sd3.decoder.h5 --label 0
fails "sd3.h5: holds a mmdit, expected a decoder" "a transformer for a decoder" \
    "$orw" sample sd3.h5 no.h5 --prompts prompts.h5 --label 0 --decoder sd3.h5
fails "no --prompts given" "no prompts" "$orw" sample sd3.h5 no.h5
their vary prompts.safetensors . -- clip . "$ORW_ROOT/experiments/sd3/clip_score.py"
report $? "the example of a scorer gives CLIP's cosines; files with one mistake each" || done_testing
refuse() { fails "$1.safetensors: .*$2" "$3" "$orw" import-prompts "$1.safetensors" no.h5 --for sd3.h5; }
refuse narrow "prompt_embeds of width 31 found, expected 32" "embeddings of another width"
refuse pool "pooled prompts of width 19 found, expected 20" "pooled ones of another width"
refuse tokens "negative_prompt_embeds: extent 1 is 332, expected 333" "an empty prompt of other tokens"
refuse fewer "pooled_prompt_embeds: extent 0 is 2, expected 3" "fewer pooled than others"
refuse empty "negative_prompt_embeds: missing" "no empty prompt"
refuse flat "prompt_embeds: 2 dimensions found, expected 3" "a matrix"
refuse nan "prompt_embeds: element 7 is -*nan, expected a finite number" "what is no number"
refuse texts "expected a JSON list of 3 texts" "texts that are fewer than prompts"
[ ! -e no.h5 ] && [ ! -e no.h5.partial ]
report $? "failures leave no file"
done_testing
