#!/usr/bin/env python3
"""A reward of images and prompts: the cosine of a CLIP model's embeddings of both. For HPSv2, PickScore and their like, change score().

    reward = command:python3 experiments/sd3/clip_score.py FOLDER

FOLDER is a CLIPModel with its processor, as transformers' save_pretrained writes it. The protocol is in src/reward/README.md."""
import struct
import sys

import numpy as np
import torch
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained(sys.argv[1]).eval()
processor = CLIPProcessor.from_pretrained(sys.argv[1])


@torch.no_grad()
def score(images, captions):
    """images [count, height, width, channels], uint8; a number for each."""
    inputs = processor(text=captions, images=list(images), return_tensors="pt", padding=True, truncation=True)
    seen = model.get_image_features(pixel_values=inputs["pixel_values"])
    read = model.get_text_features(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
    return torch.nn.functional.cosine_similarity(seen, read).numpy()


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(40)) == 40:
        magic, version, _, count, height, width, channels, _, _, letters = struct.unpack("<4s6I2fI", head)
        if magic != b"ORWR" or version != 1:
            sys.exit(f"found {magic} of version {version}, expected ORWR of version 1")
        source.read(8 * count)  # the number of each image within its batch
        captions = source.read(letters).decode().split("\n") if letters else [""] * count
        shape = count, height, width, channels
        images = np.frombuffer(source.read(4 * count * height * width * channels), "<f4").reshape(shape)
        pixels = np.clip((images + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
        sink.write(struct.pack("<I", count) + score(pixels, captions).astype("<f4").tobytes())
        sink.flush()


main()
