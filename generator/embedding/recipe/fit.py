"""The rows that training starts from, in closed form: one map for all tokens, then a correction for each.

The teacher's vector of a token alone, weighted by how rare the token is (SIF), goes through one linear map, fitted
so that the mean over a text's tokens comes near the teacher's vector of the text. So tokens that no text has get a
row too. Then each row moves to where the texts want it, as far as ridge regression lets it.
"""

import numpy as np
import scipy.sparse as sparse

DIMENSIONS = 256
SIF = 1e-3
MAP_RIDGE = 1.0
ROW_RIDGE = 1.0
ITERATIONS = 30


def bags(rows_of_texts, size):
    """Matrix (texts, rows): each text is the mean of its rows."""
    lengths = np.array([len(rows) for rows in rows_of_texts])
    texts = np.repeat(np.arange(len(lengths)), lengths)
    weights = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
    columns = np.concatenate([np.asarray(rows, int) for rows in rows_of_texts])
    return sparse.csr_array((weights, (texts, columns)), shape=(len(lengths), size))


def targets(vectors, seed):
    """The teacher's vectors, centred, in the `DIMENSIONS` directions of most variance, normalised.

    The directions are then turned at random: a turn changes no cosine, but spreads each row's values evenly, and
    4 bits hold them with a fifth less error.
    """
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(DIMENSIONS, DIMENSIONS)))
    found = centred @ (directions[:, -DIMENSIONS:] @ turn.astype(np.float32))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def rarity(rows_of_texts, size):
    """Per row a / (a + share of all tokens): near 1 for rare tokens."""
    counts = (
        np.bincount(np.concatenate([np.asarray(rows, int) for rows in rows_of_texts]), minlength=size) + 0.5
    )
    return (SIF / (SIF + counts / counts.sum())).astype(np.float32)


def mapped(texts, wanted, token_vectors, rare):
    """Rows (n, DIMENSIONS) by the one linear map from the tokens' own vectors."""
    centred = token_vectors - token_vectors.mean(axis=0)
    features = np.concatenate([rare[:, None] * centred, rare[:, None]], axis=1)
    seen = texts @ features
    gram = seen.T @ seen + MAP_RIDGE * np.eye(features.shape[1], dtype=np.float32)
    return (features @ np.linalg.solve(gram, seen.T @ wanted)).astype(np.float32)


def corrected(texts, wanted, rows):
    """argmin over R of |texts R - wanted|² + ROW_RIDGE |R - rows|², by conjugate gradients, column by column."""
    move = np.zeros_like(rows)
    residual = texts.T @ (wanted - texts @ rows)
    direction, size = residual.copy(), (residual * residual).sum(axis=0)
    for _ in range(ITERATIONS):
        image = texts.T @ (texts @ direction) + ROW_RIDGE * direction
        step = size / np.maximum((direction * image).sum(axis=0), 1e-20)
        move += step * direction
        residual -= step * image
        former, size = size, (residual * residual).sum(axis=0)
        direction = residual + size / np.maximum(former, 1e-20) * direction
    return rows + move


def start(rows_of_texts, wanted, token_vectors):
    """The first rows (n, DIMENSIONS), of mean norm 1."""
    size = len(token_vectors)
    texts = bags(rows_of_texts, size)
    rows = mapped(texts, wanted, token_vectors, rarity(rows_of_texts, size))
    rows = corrected(texts, wanted, rows)
    return rows / np.linalg.norm(rows, axis=1).mean()
