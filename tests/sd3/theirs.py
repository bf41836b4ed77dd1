"""theirs.py - small random models of the real classes, and what PyTorch computes with them, for the tests of this room.

    theirs.py transformer DIR KIND...   DIR/KIND/f32, bf16, f16, shards: folders of diffusers; DIR/KIND/f32.safetensors ..: inputs, output
    theirs.py trajectory DIR KIND FILE  FILE: noise, prompts, and where diffusers' sampler of Stable Diffusion 3 takes it
    theirs.py pipeline DIR              a whole tiny Stable Diffusion 3 with tokenizers and text encoders of the real classes
    theirs.py loads DIR CASE            whether diffusers loads the transformer in DIR and computes CASE's output
    theirs.py decoder DIR KIND...       DIR/KIND: a folder with a vae/; DIR/KIND-HxW.safetensors: latents, image
    theirs.py stability DIR             DIR/KIND-one.safetensors in Stability AI's names, KIND-converted.safetensors: diffusers' own conversion
    theirs.py adapters DIR KIND         DIR/peft-A: PEFT's adapters of DIR/KIND at alpha A; DIR/peft-A.safetensors: inputs, output with them
    theirs.py adapted DIR KIND FILE..   whether PEFT (a folder) or diffusers (a file) loads adapters and computes that output
    theirs.py clip DIR SCRIPT           whether experiments/sd3/clip_score.py answers with a tiny CLIP's cosines, each of its own image
    theirs.py vary PROMPTS DIR          files of prompts with one mistake each
    theirs.py compare A B               whether two safetensors files have the same tensors, to the bit

Several of these, with -- between them, are one run. KIND is sd3 (no norms, an image as large as the positions' grid), sd35 (norms of queries and keys, a second attention, an odd crop)
or patch (patches of one pixel, other outputs)."""
import json, os, sys
import torch
from safetensors.torch import load_file, save_file

KINDS = {
    "sd3": dict(sample_size=8, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=2, joint_attention_dim=12,
                caption_projection_dim=16, pooled_projection_dim=10, out_channels=4, pos_embed_max_size=4),
    "sd35": dict(sample_size=16, patch_size=2, in_channels=4, num_layers=3, attention_head_dim=8, num_attention_heads=3, joint_attention_dim=20,
                 caption_projection_dim=24, pooled_projection_dim=6, out_channels=4, pos_embed_max_size=11, dual_attention_layers=(0, 1),
                 qk_norm="rms_norm"),
    "patch": dict(sample_size=6, patch_size=1, in_channels=3, num_layers=2, attention_head_dim=16, num_attention_heads=1, joint_attention_dim=8,
                  caption_projection_dim=16, pooled_projection_dim=4, out_channels=3, pos_embed_max_size=9),
}
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
SIZES = {"sd3": (8, 8), "sd35": (10, 14), "patch": (5, 6)}  # of the latents that the model is used at


def stir(model, seed):
    """Numbers everywhere: fresh norms are ones and fresh biases may be zeros, which would hide a mistake."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 0: continue
            p.copy_(torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.2) / max(1, p[0].numel()) ** 0.5 + (p.dim() == 1 and "norm" in name))
    return model.eval()


def transformer(root, *kinds):
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel
    for kind in kinds:
        directory, (h, w) = f"{root}/{kind}", SIZES[kind]
        model = stir(SD3Transformer2DModel(**KINDS[kind]), 7)
        c = model.config
        for name, type in TYPES.items():
            narrow = SD3Transformer2DModel.from_config(c)
            narrow.load_state_dict(model.state_dict())
            narrow.to(type).save_pretrained(f"{directory}/{name}/transformer")
        model.save_pretrained(f"{directory}/shards/transformer", max_shard_size="20KB")
        for name in ("f32", "shards"):
            FlowMatchEulerDiscreteScheduler(shift=3.0).save_pretrained(f"{directory}/{name}/scheduler")
        torch.manual_seed(11)
        x, t = torch.randn(2, c.in_channels, h, w), torch.tensor([850.0, 120.0])
        text, pooled = torch.randn(2, 5, c.joint_attention_dim), torch.randn(2, c.pooled_projection_dim)
        for name, type in TYPES.items():
            rounded = SD3Transformer2DModel.from_config(c)
            rounded.load_state_dict({k: v.to(type).float() for k, v in model.state_dict().items()})
            with torch.no_grad():
                out = rounded.eval()(hidden_states=x, timestep=t, encoder_hidden_states=text, pooled_projections=pooled).sample
            save_file(dict(x=x, timestep=t, text=text, pooled=pooled, output=out.contiguous()), f"{directory}/{name}.safetensors")


def trajectory(root, kind, file):
    """What StableDiffusion3Pipeline does between its encoders and its decoder."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel
    model = SD3Transformer2DModel.from_pretrained(f"{root}/{kind}/f32/transformer").eval()
    c, (h, w), steps, guidance = model.config, SIZES[kind], 6, 4.5
    torch.manual_seed(13)
    x = noise = torch.randn(2, c.in_channels, h, w)
    embeds, pooled = torch.randn(3, 5, c.joint_attention_dim), torch.randn(3, c.pooled_projection_dim)  # the last: the empty prompt
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(f"{root}/{kind}/f32/scheduler")
    scheduler.set_timesteps(steps)
    rows = [2, 2, 0, 1]
    for t in scheduler.timesteps:
        with torch.no_grad():
            out = model(hidden_states=torch.cat([x, x]), timestep=t.expand(4), encoder_hidden_states=embeds[rows], pooled_projections=pooled[rows]).sample
        none, prompt = out.chunk(2)
        x = scheduler.step(none + guidance * (prompt - none), t, x).prev_sample
    save_file(dict(x0=noise, embeds=embeds, pooled=pooled, steps=torch.tensor([float(steps)]), guidance=torch.tensor([guidance]),
                   sigmas=scheduler.sigmas.float().contiguous(), end=x.contiguous()), file)


def tokenizers(directory):
    """Of single letters: what is read does not matter here, that and how it is read does."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import CLIPTokenizer, T5TokenizerFast
    os.makedirs(directory, exist_ok=True)
    letters = [chr(c) for c in range(33, 127)]
    words = letters + [c + "</w>" for c in letters] + ["<|startoftext|>", "<|endoftext|>"]
    with open(f"{directory}/vocab.json", "w") as f: json.dump({w: i for i, w in enumerate(words)}, f)
    with open(f"{directory}/merges.txt", "w") as f: f.write("#version: 0.2\n")
    clip = CLIPTokenizer(f"{directory}/vocab.json", f"{directory}/merges.txt", model_max_length=77)
    t5 = Tokenizer(models.Unigram([("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)] + [(c, -3.0) for c in letters], unk_id=2))
    t5.pre_tokenizer = pre_tokenizers.Metaspace()
    t5.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return clip, T5TokenizerFast(tokenizer_object=t5, eos_token="</s>", unk_token="<unk>", pad_token="<pad>", extra_ids=0), len(words)


def pipeline(root):
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection, T5Config, T5EncoderModel
    clip, t5, words = tokenizers(f"{root}/words")
    def encoder(width, seed):
        config = CLIPTextConfig(vocab_size=words, hidden_size=width, intermediate_size=16, projection_dim=width, num_hidden_layers=3,
                                num_attention_heads=2, hidden_act="gelu", bos_token_id=words - 2, eos_token_id=words - 1, pad_token_id=words - 1)
        return stir(CLIPTextModelWithProjection(config), seed)
    five = stir(T5EncoderModel(T5Config(vocab_size=len(t5), d_model=32, d_kv=8, d_ff=16, num_layers=2, num_heads=2)), 3)
    sizes = dict(KINDS["sd35"], in_channels=16, out_channels=16, joint_attention_dim=32, pooled_projection_dim=20)
    vae = AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=(8, 8, 16, 16),
                        latent_channels=16, norm_num_groups=4, layers_per_block=1, scaling_factor=1.5305, shift_factor=0.0609, use_quant_conv=False,
                        use_post_quant_conv=False)
    StableDiffusion3Pipeline(transformer=stir(SD3Transformer2DModel(**sizes), 4), scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=stir(vae, 5),
                             text_encoder=encoder(8, 1), tokenizer=clip, text_encoder_2=encoder(12, 2), tokenizer_2=clip, text_encoder_3=five,
                             tokenizer_3=t5).save_pretrained(f"{root}/tiny")


def loads(directory, case):
    from diffusers import SD3Transformer2DModel
    model, case = SD3Transformer2DModel.from_pretrained(directory), load_file(case)
    with torch.no_grad():
        out = model.eval()(hidden_states=case["x"], timestep=case["timestep"], encoder_hidden_states=case["text"], pooled_projections=case["pooled"]).sample
    assert (out - case["output"]).norm() <= 2e-6 * out.norm(), (out - case["output"]).abs().max()


DECODERS = {  # config, sizes of latents
    "tiny": (dict(block_out_channels=(8, 16, 24, 24), latent_channels=4, norm_num_groups=4, layers_per_block=2), [(1, 1), (3, 5), (8, 8), (33, 6)]),
    "wide": (dict(block_out_channels=(32, 64), latent_channels=16, norm_num_groups=32, layers_per_block=1), [(17, 9)]),
    "real": (dict(block_out_channels=(128, 256, 512, 512), latent_channels=16, norm_num_groups=32, layers_per_block=2), [(4, 6)]),
}


def decoder(root, *kinds):
    """AutoencoderKL with the settings of Stable Diffusion 3's; latents as its pipeline has them before it divides by the scaling factor."""
    from diffusers import AutoencoderKL
    for kind in kinds:
        config, sizes = DECODERS[kind]
        stages = len(config["block_out_channels"])
        model = stir(AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * stages, up_block_types=("UpDecoderBlock2D",) * stages, scaling_factor=1.5305,
                                   shift_factor=0.0609, use_quant_conv=False, use_post_quant_conv=False, force_upcast=True, sample_size=1024, **config), 5)
        model.save_pretrained(f"{root}/{kind}/vae")
        for h, w in sizes:
            torch.manual_seed(h * w)
            z = torch.randn(2 if h * w < 999 else 1, config["latent_channels"], h, w)
            with torch.no_grad():
                image = model.decode(z / model.config.scaling_factor + model.config.shift_factor).sample
            save_file(dict(latents=z, image=image.contiguous()), f"{root}/{kind}-{h}x{w}.safetensors")


def stability_decoder(model):
    """The names that diffusers' own converter reads, of the decoder of `model`."""
    state, stages = {}, len(model.config.block_out_channels)
    for name, value in model.state_dict().items():
        if not name.startswith("decoder."): continue
        part = name.split(".")
        end = part[-1]
        if part[1] == "mid_block" and part[2] == "resnets": new = f"mid.block_{int(part[3]) + 1}.{part[4]}.{end}"
        elif part[1] == "mid_block":
            layer = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}[part[4]]
            if layer != "norm" and end == "weight": value = value[:, :, None, None]
            new = f"mid.attn_1.{layer}.{end}"
        elif part[1] == "up_blocks" and part[3] == "resnets":
            new = f"up.{stages - 1 - int(part[2])}.block.{part[4]}.{part[5].replace('conv_shortcut', 'nin_shortcut')}.{end}"
        elif part[1] == "up_blocks": new = f"up.{stages - 1 - int(part[2])}.upsample.conv.{end}"
        else: new = f"{part[1].replace('conv_norm_out', 'norm_out')}.{end}"
        state["first_stage_model.decoder." + new] = value.contiguous()
    return state


def stability_state(layers, heads, dual, norm, grid=10, joint=20, pooled=6, channels=4):
    """A state dict as Stability AI's code makes it (modules of mmdit.py in sd3-ref), of random numbers."""
    width, state = 64 * heads, {}
    def add(name, *shape): state["model.diffusion_model." + name] = torch.randn(*shape) * 0.1
    def linear(name, out, into):
        add(name + ".weight", out, into)
        add(name + ".bias", out)
    add("pos_embed", 1, grid * grid, width)
    add("x_embedder.proj.weight", width, channels, 2, 2)
    add("x_embedder.proj.bias", width)
    linear("t_embedder.mlp.0", width, 256)
    linear("t_embedder.mlp.2", width, width)
    linear("y_embedder.mlp.0", width, pooled)
    linear("y_embedder.mlp.2", width, width)
    linear("context_embedder", width, joint)
    for i in range(layers):
        for side in ("x_block", "context_block"):
            last, block = side == "context_block" and i == layers - 1, f"joint_blocks.{i}.{side}."
            linear(block + "adaLN_modulation.1", width * (2 if last else 9 if side == "x_block" and i in dual else 6), width)
            for attention in ("attn", "attn2") if side == "x_block" and i in dual else ("attn",):
                linear(block + attention + ".qkv", 3 * width, width)
                if norm:
                    add(block + attention + ".ln_q.weight", 64)
                    add(block + attention + ".ln_k.weight", 64)
                if not last: linear(block + attention + ".proj", width, width)
            if not last:
                linear(block + "mlp.fc1", 4 * width, width)
                linear(block + "mlp.fc2", width, 4 * width)
    linear("final_layer.linear", 4 * channels, width)
    linear("final_layer.adaLN_modulation.1", 2 * width, width)
    return state


def stability(directory):
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint, convert_sd3_transformer_checkpoint_to_diffusers
    os.makedirs(directory, exist_ok=True)
    for name, layers, dual, norm in (("sd3", 2, (), False), ("sd35", 3, (0, 1), True)):
        torch.manual_seed(3)
        state = stability_state(layers, 2, dual, norm)
        whole = dict(state)  # the published files hold these, too
        whole["text_encoders.clip_l.transformer.text_model.embeddings.position_embedding.weight"] = torch.randn(3, 2)
        whole["first_stage_model.encoder.conv_in.weight"] = torch.randn(4, 3, 3, 3)
        if norm:  # the decoder in the same file; diffusers converts it back
            from diffusers import AutoencoderKL
            vae = stir(AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3, block_out_channels=(32, 64, 96),
                                     latent_channels=4, norm_num_groups=32, layers_per_block=2, use_quant_conv=False, use_post_quant_conv=False), 9)
            decoder_state = {k: v.half().float() for k, v in stability_decoder(vae).items()}
            whole.update(decoder_state)
            back = convert_ldm_vae_checkpoint(dict(decoder_state), dict(vae.config))
            save_file({k: v.contiguous() for k, v in back.items()}, f"{directory}/{name}-decoder-converted.safetensors")
        save_file({k: v.half() for k, v in whole.items()}, f"{directory}/{name}-one.safetensors")
        converted = convert_sd3_transformer_checkpoint_to_diffusers({k: v.half().float() for k, v in state.items()})
        save_file({k: v.contiguous() for k, v in converted.items()}, f"{directory}/{name}-converted.safetensors")


MODULES = ["attn.add_k_proj", "attn.add_q_proj", "attn.add_v_proj", "attn.to_add_out", "attn.to_k", "attn.to_out.0", "attn.to_q", "attn.to_v"]


def adapters(root, kind):
    from diffusers import SD3Transformer2DModel
    from peft import LoraConfig, get_peft_model
    for alpha in (4, 6):
        model = SD3Transformer2DModel.from_pretrained(f"{root}/{kind}/f32/transformer")
        adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=alpha, target_modules=MODULES))
        torch.manual_seed(21)
        with torch.no_grad():
            for name, p in adapted.named_parameters():
                if "lora_" in name: p.copy_(torch.randn_like(p) * 0.3)
        adapted.save_pretrained(f"{root}/peft-{alpha}")
        case = load_file(f"{root}/{kind}/f32.safetensors")
        case["output"] = run(adapted, case).contiguous()
        save_file(case, f"{root}/peft-{alpha}.safetensors")


def run(model, case):
    with torch.no_grad():
        return model.eval()(hidden_states=case["x"], timestep=case["timestep"], encoder_hidden_states=case["text"], pooled_projections=case["pooled"]).sample


def adapted(root, kind, alpha, *files):
    from diffusers import SD3Transformer2DModel, StableDiffusion3Pipeline
    from peft import PeftModel
    case = load_file(f"{root}/peft-{alpha}.safetensors")
    for file in files:
        model = SD3Transformer2DModel.from_pretrained(f"{root}/{kind}/f32/transformer")
        plain = run(model, case)
        if os.path.isdir(file): model = PeftModel.from_pretrained(model, file)
        else: StableDiffusion3Pipeline.load_lora_into_transformer(load_file(file), model)
        out, right = run(model, case), case["output"]
        assert (plain - right).norm() > 0.1 * right.norm(), "the adapters do nothing"
        assert (out - right).norm() <= 2e-6 * right.norm(), (file, (out - right).norm() / right.norm())


def clip(root, script):
    import struct, subprocess
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor
    words, _, count = tokenizers(f"{root}/words")
    text = dict(vocab_size=count, hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, bos_token_id=count - 2,
                eos_token_id=count - 1, pad_token_id=count - 1)
    vision = dict(hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=8)
    model = stir(CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)), 6)
    model.save_pretrained(f"{root}/clip")
    processor = CLIPProcessor(CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}), words)
    processor.save_pretrained(f"{root}/clip")
    torch.manual_seed(2)
    images, captions = torch.rand(3, 24, 24, 3) * 2 - 1, ["a cat", "the dog", "a cat"]
    def ask(images, captions):
        letters = "\n".join(captions).encode()
        head = struct.pack("<4s6I2fI", b"ORWR", 1, 40, len(images), 24, 24, 3, -1.0, 1.0, len(letters))
        sent = head + struct.pack(f"<{len(images)}q", *range(len(images))) + letters + images.numpy().astype("<f4").tobytes()
        got = subprocess.run([sys.executable, script, f"{root}/clip"], input=sent, stdout=subprocess.PIPE, check=True).stdout
        assert struct.unpack("<I", got[:4])[0] == len(images) and len(got) == 4 + 4 * len(images)
        return torch.tensor(struct.unpack(f"<{len(images)}f", got[4:]))
    pixels = [((x + 1) * 127.5 + 0.5).clamp(0, 255).to(torch.uint8).numpy() for x in images]
    with torch.no_grad():
        right = torch.diagonal(model(**processor(text=captions, images=pixels, return_tensors="pt", padding=True)).logits_per_image) / model.logit_scale.exp()
    found = ask(images, captions)
    assert (found - right).abs().max() < 1e-5, (found, right)


def vary(file, directory):
    good = load_file(file)
    texts = json.dumps(["a"] * len(good["prompt_embeds"]))
    def write(name, drop=(), texts=texts, **other):
        state = {k: v for k, v in {**good, **other}.items() if k not in drop}
        save_file({k: v.contiguous() for k, v in state.items()}, f"{directory}/{name}.safetensors", {"prompts": texts})
    embeds, pooled, negative = good["prompt_embeds"], good["pooled_prompt_embeds"], good["negative_prompt_embeds"]
    write("narrow", prompt_embeds=embeds[:, :, 1:], negative_prompt_embeds=negative[:, :, 1:])
    write("pool", pooled_prompt_embeds=pooled[:, 1:], negative_pooled_prompt_embeds=good["negative_pooled_prompt_embeds"][:, 1:])
    write("tokens", negative_prompt_embeds=negative[:, 1:])
    write("fewer", pooled_prompt_embeds=pooled[1:])
    write("empty", drop=("negative_prompt_embeds",))
    write("flat", prompt_embeds=embeds[0])
    spoilt = embeds.clone()
    spoilt[0, 0, 7] = float("nan")
    write("nan", prompt_embeds=spoilt)
    write("texts", texts=json.dumps(["a"]))


def compare(a, b):
    a, b = load_file(a), load_file(b)
    assert set(a) == set(b), sorted(set(a) ^ set(b))[:5]
    for name in a:
        assert a[name].shape == b[name].shape, name
        assert torch.equal(a[name].float(), b[name].float()), name
    print(len(a), "tensors are the same")


if __name__ == "__main__":  # several parts, with -- between them, need PyTorch to be loaded once
    parts = [[]]
    for word in sys.argv[1:]:
        parts.append([]) if word == "--" else parts[-1].append(word)
    for name, *arguments in parts:
        dict(transformer=transformer, decoder=decoder, trajectory=trajectory, pipeline=pipeline, loads=loads, stability=stability, adapters=adapters, adapted=adapted, clip=clip, vary=vary, compare=compare)[name](*arguments)
