"""theirs.py - small random models of the real classes, and what PyTorch computes with them, for the tests of this room.

    theirs.py transformer DIR KIND...   DIR/KIND/f32, bf16, f16, shards: folders of diffusers; DIR/KIND/f32.safetensors ..: inputs, output
    theirs.py loads DIR CASE            whether diffusers loads the transformer in DIR and computes CASE's output
    theirs.py stability DIR             DIR/KIND-one.safetensors in Stability AI's names, KIND-converted.safetensors: diffusers' own conversion
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


def loads(directory, case):
    from diffusers import SD3Transformer2DModel
    model, case = SD3Transformer2DModel.from_pretrained(directory), load_file(case)
    with torch.no_grad():
        out = model.eval()(hidden_states=case["x"], timestep=case["timestep"], encoder_hidden_states=case["text"], pooled_projections=case["pooled"]).sample
    assert (out - case["output"]).norm() <= 2e-6 * out.norm(), (out - case["output"]).abs().max()


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
    from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers
    os.makedirs(directory, exist_ok=True)
    for name, layers, dual, norm in (("sd3", 2, (), False), ("sd35", 3, (0, 1), True)):
        torch.manual_seed(3)
        state = stability_state(layers, 2, dual, norm)
        whole = dict(state)  # the published files hold these, too
        whole["text_encoders.clip_l.transformer.text_model.embeddings.position_embedding.weight"] = torch.randn(3, 2)
        whole["first_stage_model.encoder.conv_in.weight"] = torch.randn(4, 3, 3, 3)
        save_file({k: v.half() for k, v in whole.items()}, f"{directory}/{name}-one.safetensors")
        converted = convert_sd3_transformer_checkpoint_to_diffusers({k: v.half().float() for k, v in state.items()})
        save_file({k: v.contiguous() for k, v in converted.items()}, f"{directory}/{name}-converted.safetensors")


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
        dict(transformer=transformer, loads=loads, stability=stability, compare=compare)[name](*arguments)
