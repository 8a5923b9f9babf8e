"""The keys of a GGUF file, as bytes."""
import struct

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
TEXT, ARRAY = 8, 9


def skip_text(file):
    file.seek(struct.unpack("<Q", file.read(8))[0], 1)


def skip_value(file, kind):
    if kind == TEXT:
        skip_text(file)
    elif kind == ARRAY:
        element, count = struct.unpack("<IQ", file.read(12))
        if element in (TEXT, ARRAY):
            for _ in range(count):
                skip_value(file, element)
        else:
            file.seek(SIZES[element] * count, 1)
    else:
        file.seek(SIZES[kind], 1)


def read_keys(file):
    """Count and bytes of all pairs; file then stands before the tensors."""
    file.seek(16)
    count = struct.unpack("<Q", file.read(8))[0]
    for _ in range(count):
        skip_text(file)
        skip_value(file, struct.unpack("<I", file.read(4))[0])
    end = file.tell()
    file.seek(24)
    return count, file.read(end - 24)
