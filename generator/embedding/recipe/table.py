"""The table file: four sections (shape, vocabulary, scales, values) behind a header with their digests.

Little endian throughout. Header: magic, u32 schema, u32 number of sections, then per section u32 kind, u32 zero,
u64 offset from the file's start, u64 length, SHA-256 of its bytes; the sections follow in that order without gaps.
"""

import hashlib
import struct

import numpy as np

MAGIC = b"GHTABLE\0"
SCHEMA = 1
HEADER = struct.Struct("<8sII")
ENTRY = struct.Struct("<IIQQ32s")
BITS = 4
ZERO = 8
LARGEST = ZERO - 1
"""Codes 1..15 stand for -7..7; code 0 (-8) is legal to read and never written, so that rows are symmetric."""
MAX_BYTES = 4_000_000


def quantise(rows):
    """Rows (n, d) of floats -> codes (n, d) of u8 and scales (n,) of f16, the scale of least squared error per row."""
    peak = np.abs(rows).max(axis=1, keepdims=True)
    best_error = np.full((len(rows), 1), np.inf, np.float32)
    codes = np.full(rows.shape, ZERO, np.uint8)
    scales = np.zeros((len(rows), 1), np.float16)
    for clip in np.linspace(0.45, 1.0, 23, dtype=np.float32):
        scale = np.maximum(peak * clip / LARGEST, 1e-7).astype(np.float16)
        wide = np.maximum(scale.astype(np.float32), 1e-7)
        steps = np.clip(np.rint(rows / wide), -LARGEST, LARGEST)
        error = ((steps * scale.astype(np.float32) - rows) ** 2).sum(axis=1, keepdims=True)
        better = error < best_error
        best_error = np.where(better, error, best_error)
        scales = np.where(better, scale, scales)
        codes = np.where(better, (steps + ZERO).astype(np.uint8), codes)
    return codes, scales[:, 0]


def dequantise(codes, scales):
    """The rows that a reader of the table computes, as f32."""
    return (codes.astype(np.float32) - ZERO) * scales.astype(np.float32)[:, None]


def encode(tokens, codes, scales):
    """The bytes of the table; `tokens` are sorted by their bytes, and token i belongs to row i."""
    names = [token.encode() for token in tokens]
    assert names == sorted(set(names)), "tokens must be unique and sorted by their bytes"
    rows, dimensions = codes.shape
    offsets = np.concatenate([[0], np.cumsum([len(name) for name in names])]).astype("<u4")
    sections = [
        struct.pack("<4I", rows, dimensions, BITS, 0),
        struct.pack("<I", rows) + offsets.tobytes() + b"".join(names),
        scales.astype("<f2").tobytes(),
        (codes[:, 0::2] | (codes[:, 1::2] << 4)).astype(np.uint8).tobytes(),
    ]
    offset = HEADER.size + len(sections) * ENTRY.size
    header = HEADER.pack(MAGIC, SCHEMA, len(sections))
    for kind, section in enumerate(sections):
        header += ENTRY.pack(kind, 0, offset, len(section), hashlib.sha256(section).digest())
        offset += len(section)
    return header + b"".join(sections)


def decode(data):
    """Tokens, codes and scales of a table; the inverse of `encode`, which refuses what does not have its digests."""
    magic, schema, count = HEADER.unpack_from(data)
    assert (magic, schema, count) == (MAGIC, SCHEMA, 4), "not a table of this schema"
    sections, end = [], HEADER.size + count * ENTRY.size
    for kind in range(count):
        written, zero, offset, length, digest = ENTRY.unpack_from(data, HEADER.size + kind * ENTRY.size)
        section = data[offset : offset + length]
        assert (written, zero, offset) == (kind, 0, end), "sections are out of order"
        assert hashlib.sha256(section).digest() == digest, "a section does not have its digest"
        sections.append(section)
        end = offset + length
    assert end == len(data), "bytes follow the last section"
    shape, vocabulary, scales, values = sections
    rows, dimensions, bits, _ = struct.unpack("<4I", shape)
    assert bits == BITS
    offsets = np.frombuffer(vocabulary, "<u4", rows + 1, 4)
    names = vocabulary[4 + 4 * (rows + 1) :]
    tokens = [names[a:b].decode() for a, b in zip(offsets[:-1], offsets[1:])]
    packed = np.frombuffer(values, np.uint8).reshape(rows, dimensions // 2)
    codes = np.empty((rows, dimensions), np.uint8)
    codes[:, 0::2], codes[:, 1::2] = packed & 15, packed >> 4
    return tokens, codes, np.frombuffer(scales, "<f2").copy()


def opened(data):
    """Tokens and rows of a table, with the values that a reader computes."""
    tokens, codes, scales = decode(data)
    return tokens, dequantise(codes, scales)
