"""Copies of a GGUF file with other weights, for scripts that hold programs against each other.

`write_floats(model, path)`: every quantised tensor as binary32, of the same values: a program that multiplies them has no
activation to round. `write_damaged(model, path)`: the minima of one tensor's first block of every row are 0, as a kernel
would have it that forgets them. Q8_0, Q4_0, Q4_1, F16 and F32 only. Needs numpy.
"""
import struct

import numpy

from gguf_keys import read_keys

F32, F16, Q4_0, Q4_1, Q8_0 = 0, 1, 2, 3, 8
BLOCK = {F32: (1, 4), F16: (1, 2), Q4_0: (32, 18), Q4_1: (32, 20), Q8_0: (32, 34)}
ALIGNMENT = 32


def read_tensors(file, count):
    tensors = []
    for _ in range(count):
        name = file.read(struct.unpack("<Q", file.read(8))[0])
        dims = struct.unpack("<I", file.read(4))[0]
        shape = struct.unpack(f"<{dims}Q", file.read(8 * dims))
        kind, offset = struct.unpack("<IQ", file.read(12))
        tensors.append((name, shape, kind, offset))
    return tensors


def bytes_of(shape, kind):
    elements, size = BLOCK[kind]
    return int(numpy.prod(shape, dtype=numpy.uint64)) // elements * size


def nibbles(blocks):
    return numpy.concatenate([blocks & 15, blocks >> 4], axis=1).astype(numpy.float32)


def halves(blocks, at):
    return blocks[:, at:at + 2].copy().view(numpy.float16).astype(numpy.float32)


def values_of(data, kind):
    if kind == F32:
        return data.view(numpy.float32)
    if kind == F16:
        return data.view(numpy.float16).astype(numpy.float32)
    blocks = data.reshape(-1, BLOCK[kind][1])
    d = halves(blocks, 0)
    if kind == Q8_0:
        return d * blocks[:, 2:].view(numpy.int8).astype(numpy.float32)
    if kind == Q4_0:
        return d * (nibbles(blocks[:, 2:]) - 8)
    return d * nibbles(blocks[:, 4:]) + halves(blocks, 2)


def rewrite(model, path, change):
    """change(name, shape, kind, data) gives kind and bytes to write."""
    with open(model, "rb") as file, open(path, "wb") as out:
        _, tensors_count = struct.unpack("<IQ", file.read(16)[4:])
        keys_count, keys = read_keys(file)
        tensors = read_tensors(file, tensors_count)
        begin = (file.tell() + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        infos, offset, written = b"", 0, []
        for name, shape, kind, at in tensors:
            file.seek(begin + at)
            kind, data = change(name, shape, kind, numpy.fromfile(file, numpy.uint8, bytes_of(shape, kind)))
            infos += struct.pack("<Q", len(name)) + name + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind,
                                                                       offset)
            written.append(data)
            offset += (len(data) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        head = b"GGUF" + struct.pack("<IQQ", 3, tensors_count, keys_count) + keys + infos
        out.write(head + bytes(-len(head) % ALIGNMENT))
        for data in written:
            out.write(data)
            out.write(bytes(-len(data) % ALIGNMENT))


def write_floats(model, path):
    rewrite(model, path, lambda name, shape, kind, data: (F32, values_of(data, kind).tobytes()))


def write_damaged(model, path):
    def change(name, shape, kind, data):
        if name == b"blk.0.ffn_down.weight" and kind == Q4_1:
            rows = data.copy().reshape(shape[1], -1)
            rows[:, 2:4] = 0
            data = rows.reshape(-1)
        return kind, data.tobytes()
    rewrite(model, path, change)
