"""A table in the older SKEMB1 format -> one in ours, to compare with. Values and scales stay as they are.

`python convert.py SKEMB1 VOCABULARY TABLE`, the vocabulary being a file with a token per line.
"""

import sys
from pathlib import Path

import numpy as np

import table
from tokens import kept


def read_skemb(data):
    """Codes (n, d) and scales (n,) of a SKEMB1 file of 4 bits."""
    assert data[:8] == b"SKEMB1\0\0"
    rows, dimensions, bits, _ = np.frombuffer(data, "<u4", 4, 8)
    assert bits == table.BITS
    scales = np.frombuffer(data, "<f2", rows, 24)
    packed = np.frombuffer(data, np.uint8, rows * dimensions // 2, 24 + 2 * rows).reshape(rows, -1)
    codes = np.empty((rows, dimensions), np.uint8)
    codes[:, 0::2], codes[:, 1::2] = packed & 15, packed >> 4
    return codes, scales


def convert(source, vocabulary):
    """The bytes of our table for the tokens that it keeps."""
    codes, scales = read_skemb(source)
    lines = vocabulary.split("\n")
    place = {token: row for row, token in enumerate(lines)}
    tokens = kept(lines[:-1])
    rows = [place[token] for token in tokens]
    return table.encode(tokens, codes[rows], scales[rows])


if __name__ == "__main__":
    source, vocabulary, target = map(Path, sys.argv[1:])
    written = convert(source.read_bytes(), vocabulary.read_text())
    assert len(written) <= table.MAX_BYTES
    table.decode(written)
    target.write_bytes(written)
    print(f"{target}: {len(written)} bytes")
