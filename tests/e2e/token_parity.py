"""Ids of texts by our tokenizer against llama.cpp's server, from the vocabulary of the same GGUF file.

    token_parity.py TOKENIZE LLAMA_SERVER MODEL.gguf [TEXTS]

Of the file only keys are taken, so its weights may be of any type and architecture. Texts are valid UTF-8: words,
numbers, blanks and line ends of many kinds, code, fourteen scripts, emoji, names of special tokens (but for "</s>", which
the server takes for a control token whatever the file says). Exit status 0: all equal; 1: one is not; 5: the server did
not start.
"""
import random
import struct
import subprocess
import sys
import tempfile

from gguf_keys import read_keys
from llama_server import ask, running

RANGES = [(0x20, 0x7e)] * 6 + [(0xa1, 0x24f), (0x370, 0x3ff), (0x400, 0x4ff), (0x590, 0x5ff), (0x600, 0x6ff),
                               (0x900, 0x97f), (0xe00, 0xe7f), (0x10a0, 0x10ff), (0x3040, 0x30ff), (0x4e00, 0x9fff),
                               (0xac00, 0xd7a3), (0x1f300, 0x1f6ff), (0x2000, 0x206f), (0x1d400, 0x1d4ff)]
PIECES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n", "\n ", "don't", "we'LL", "1234567", "3.14", "x = y[0];",
          "</table>", "<b>", "http://a.b/c?d=e", "_", "--", "...", "\u00a0", "\u3000", "e\u0301",
          "<|im_start|>", "<0x0A>", "<unused7>", "[multimodal]", "the", " The", "ing ", "\u200d", "\ufeff", "a" * 40,
          " " * 37, "\n" * 9, "=" * 70]


def write_keys(model, path):
    """A GGUF file with the keys of model and no tensors."""
    with open(model, "rb") as file:
        count, keys = read_keys(file)
    with open(path, "wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, count) + keys)


def make_texts(count):
    rng = random.Random(20260101)
    texts = [piece for piece in PIECES] + ["", " ", "Hello, world!", "Hello\nworld"]
    while len(texts) < count:
        parts = []
        for _ in range(rng.randrange(1, 12)):
            if rng.random() < 0.4:
                parts.append(rng.choice(PIECES))
            else:
                low, high = rng.choice(RANGES)
                parts.append("".join(chr(rng.randrange(low, high + 1)) for _ in range(rng.randrange(1, 9))))
            if rng.random() < 0.5:
                parts.append(" ")
        texts.append("".join(parts))
    return texts[:count]


def main():
    program, server, model = sys.argv[1:4]
    texts = make_texts(int(sys.argv[4]) if len(sys.argv) > 4 else 10000)
    with tempfile.NamedTemporaryFile(suffix=".gguf") as keys:
        write_keys(model, keys.name)
        done = subprocess.run([program, keys.name], input="\0".join(texts).encode() + b"\0", capture_output=True,
                              check=True)
    ours = [[int(i) for i in line.split()] for line in done.stdout.decode().split("\n")[:-1]]
    different = []
    with running(server, model) as port:
        if port is None:
            print("the server did not start")
            return 5
        for text, ids in zip(texts, ours):
            theirs = ask(port, "/tokenize", {"content": text, "add_special": False, "parse_special": False})["tokens"]
            if theirs != ids:
                different.append((text, ids, theirs))
    for text, ids, theirs in different[:10]:
        print(f"{text!r}: ours {ids}, theirs {theirs}")
    print(f"{len(texts)} texts, {sum(len(i) for i in ours)} tokens: {len(different)} differ")
    return 1 if different or len(ours) != len(texts) else 0


if __name__ == "__main__":
    sys.exit(main())
