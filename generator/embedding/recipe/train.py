"""Contrastive training of the rows: a text shall find its document, and rank the others as the teacher does.

Each step takes some texts, their groups' documents and a draw of others. The wanted distribution over these
documents is partly the text's own document, partly the softmax of the teacher's cosines; the loss is the
cross-entropy of the student's softmax, plus the distance of every vector from the teacher's. In the last part the
rows are rounded to 4 bits in each step, and the gradient passes through the rounding, so that the rows settle where
rounding does no harm.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.nn import functional

import table

STEPS, ROUNDED_STEPS, SCALES_EVERY = 800, 250, 50
TEXTS, OTHERS = 512, 1024
RATE, WARM_UP, LAST_RATE = 1e-3, 50, 0.05
TEMPERATURE = 0.1
OWN = 0.6
"""Share of the wanted distribution that a text's own document has."""
NEAR = 2.0
"""Weight of the distance from the teacher's vectors."""
NEVER = -1e3


@dataclass
class Lesson:
    """What training sees of the texts: rows of each, the teacher's vectors (full and reduced), each one's document."""

    rows: list
    teacher: np.ndarray
    wanted: np.ndarray
    document: np.ndarray
    """Per text the index of its group's document, or -1."""
    documents: np.ndarray
    """The indices of all documents."""


class Bags:
    """Sums of rows of texts, as torch wants them."""

    def __init__(self, rows_of_texts):
        lengths = np.array([len(rows) for rows in rows_of_texts])
        self.ends = np.concatenate([[0], np.cumsum(lengths)])
        self.flat = np.concatenate([np.asarray(rows, np.int64) for rows in rows_of_texts])

    def __call__(self, rows, texts):
        """Normalised vectors (texts, dimensions)."""
        picked = [self.flat[self.ends[text] : self.ends[text + 1]] for text in texts]
        starts = np.concatenate([[0], np.cumsum([len(one) for one in picked])[:-1]])
        flat = torch.from_numpy(np.concatenate(picked))
        summed = functional.embedding_bag(flat, rows, torch.from_numpy(starts), mode="sum")
        return functional.normalize(summed, dim=1, eps=1e-6)


def rate(step):
    """The learning rate: a short rise, then a straight fall."""
    return RATE * min(1, (step + 1) / WARM_UP) * max(LAST_RATE, 1 - step / STEPS)


def draw(lesson, dice):
    """Texts, candidate documents (sorted), and per text the place of its own among these (-1: none)."""
    texts = dice.choice(len(lesson.rows), TEXTS, replace=False)
    own = lesson.document[texts]
    others = dice.choice(lesson.documents, OTHERS, replace=False)
    candidates = np.unique(np.concatenate([own[own >= 0], others]))
    has = (own >= 0) & (own != texts)
    return texts, candidates, np.where(has, np.searchsorted(candidates, own), -1)


def wanted_ranks(similar, place):
    """The distribution over candidates that the student shall have."""
    ranks = torch.softmax(similar / TEMPERATURE, dim=1)
    has = torch.from_numpy(place >= 0)
    ranks[has] *= 1 - OWN
    ranks[has, torch.from_numpy(place)[has]] += OWN
    return ranks


def loss(vectors, lesson, texts, candidates, place):
    """Cross-entropy of the ranks plus distance from the teacher; a document is never a candidate for itself."""
    left, right = vectors(texts), vectors(candidates)
    itself = torch.from_numpy(texts[:, None] == candidates[None, :])
    similar = torch.from_numpy(lesson.teacher[texts] @ lesson.teacher[candidates].T).masked_fill(
        itself, NEVER
    )
    ranks = wanted_ranks(similar, place)
    found = torch.log_softmax((left @ right.T).masked_fill(itself, NEVER) / TEMPERATURE, dim=1)
    near_left = (left * torch.from_numpy(lesson.wanted[texts])).sum(dim=1).mean()
    near_right = (right * torch.from_numpy(lesson.wanted[candidates])).sum(dim=1).mean()
    return -(ranks * found).sum(dim=1).mean() + NEAR * (2 - near_left - near_right)


def rounded(rows, scales):
    """The rows as 4 bits hold them; the gradient passes as if they were not rounded."""
    steps = (rows / scales).detach().round().clamp(-table.LARGEST, table.LARGEST)
    return rows + (steps * scales - rows).detach()


def train(start, lesson, seed):
    """The trained rows (n, dimensions), ready for `table.quantise`."""
    torch.set_num_threads(1)
    dice, bags = np.random.default_rng(seed), Bags(lesson.rows)
    rows = torch.nn.Parameter(torch.from_numpy(start.astype(np.float32)))
    optimiser = torch.optim.Adam([rows], lr=RATE, betas=(0.9, 0.98))
    scales = None
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = rate(step)
        since = step - (STEPS - ROUNDED_STEPS)
        if since >= 0 and since % SCALES_EVERY == 0:
            _, halves = table.quantise(rows.detach().numpy())
            scales = torch.from_numpy(np.maximum(halves.astype(np.float32), 1e-7))[:, None]
        used = rows if scales is None else rounded(rows, scales)
        now = loss(partial(bags, used), lesson, *draw(lesson, dice))
        optimiser.zero_grad()
        now.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step}: loss {now.item():.3f}", flush=True)
    return rows.detach().numpy()
