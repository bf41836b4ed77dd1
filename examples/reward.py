#!/usr/bin/env python3
"""A reward of your own with nothing but Python's standard library: how bright are the pixels, -1 to 1, on average?

    orw reward command:examples/reward.py --dataset mnist:test

reads images on its standard input and writes a number for each on its standard output. What it prints for people
belongs on its standard error. The protocol is in src/reward/README.md."""
import array
import struct
import sys


def reward(pixels, height, width, channels, caption):
    """One image: height * width * channels numbers, from -1 to 1. Change this."""
    return sum(pixels) / len(pixels)


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(40)) == 40:
        magic, version, _, count, height, width, channels, _, _, letters = struct.unpack("<4s6I2fI", head)
        if magic != b"ORWR" or version != 1:
            sys.exit(f"found {magic} of version {version}, expected ORWR of version 1")
        source.read(8 * count)  # the number of each image within its batch
        captions = source.read(letters).decode().split("\n") if letters else [""] * count
        size = height * width * channels
        pixels = array.array("f", source.read(4 * count * size))
        if sys.byteorder == "big":
            pixels.byteswap()
        found = [reward(pixels[i * size : (i + 1) * size], height, width, channels, captions[i]) for i in range(count)]
        sink.write(struct.pack(f"<I{count}f", count, *found))
        sink.flush()


main()
