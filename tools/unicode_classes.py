#!/usr/bin/env python3
"""Writes src/lm/unicode_table.c: the code points that tokenizers ask about, as sorted ranges.

usage: tools/unicode_classes.py > src/lm/unicode_table.c     (the Unicode version is that of Python's unicodedata)
"""
import unicodedata

WHITE = set(list(range(9, 14)) + [0x20, 0x85, 0xA0, 0x1680] + list(range(0x2000, 0x200B)) +
            [0x2028, 0x2029, 0x202F, 0x205F, 0x3000])  # PropList.txt: White_Space


def class_of(code_point):
    if code_point in WHITE:
        return "SPACE"
    category = unicodedata.category(chr(code_point))[0]
    return {"L": "LETTER", "N": "NUMBER"}.get(category)


def ranges():
    first, kind = 0, class_of(0)
    for code_point in range(1, 0x110001):
        here = class_of(code_point) if code_point < 0x110000 else None
        if here != kind or code_point == 0x110000:
            if kind:
                yield first, code_point - 1, kind
            first, kind = code_point, here


rows = list(ranges())
print("/* Made by tools/unicode_classes.py from Unicode %s. Not to be edited. */" % unicodedata.unidata_version)
print('#include "lm/unicode.h"\n')
print('const char assay_unicode_version[] = "%s";\n' % unicodedata.unidata_version)
print("/* clang-format off */")
print("const struct assay_unicode_range assay_unicode_ranges[] = {")
for i in range(0, len(rows), 3):
    print("    " + " ".join("{0x%05x, 0x%05x, ASSAY_UNICODE_%s}," % row for row in rows[i:i + 3]))
print("};")
print("/* clang-format on */")
print("const size_t assay_unicode_ranges_count = sizeof assay_unicode_ranges / sizeof assay_unicode_ranges[0];")
