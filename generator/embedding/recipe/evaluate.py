"""Quality on the development sets: nDCG@10, MRR@10 and recall@5 of BM25, of vectors, and of both fused."""

import random
import re
from dataclasses import dataclass

import numpy as np

import lexical
import skills
import teacher
from tokens import Rows

TYPO_FROM = 5
"""Letters of a word from which on it gets a typo."""
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Task:
    """One set: its documents, queries, and per query the columns that are relevant."""

    documents: list
    queries: list
    relevant: list
    repositories: list


def tasks(corpus):
    """The three sets. The tools of MetaTool are indexed together with all the skills."""
    library = skills.corpus(corpus)
    made = {}
    for name, (queries, relevant) in skills.queries(corpus).items():
        documents = library + (skills.tools(corpus) if name == "metatool" else [])
        column = {document.id: i for i, document in enumerate(documents)}
        repositories = [ids[0].split("/")[1] if "/" in ids[0] else name for ids in relevant]
        made[name] = Task(documents, queries, [[column[i] for i in ids] for ids in relevant], repositories)
    return made


def misspelt(word, dice):
    """The word with one letter swapped, lost, doubled or replaced; the first letter stays."""
    at = dice.randrange(1, len(word) - 1)
    kind = dice.choice(("swap", "lose", "double", "replace"))
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "lose":
        return word[:at] + word[at + 1 :]
    middle = word[at] * 2 if kind == "double" else dice.choice(ALPHABET)
    return word[:at] + middle + word[at + 1 :]


def with_typos(queries, seed=1):
    """Each query with one typo in every word of five letters or more."""
    dice = random.Random(seed)
    long = re.compile(rf"[a-zA-Z]{{{TYPO_FROM},}}")
    return [long.sub(lambda word: misspelt(word.group(), dice), query) for query in queries]


def bm25(task, queries):
    """Scores of stemmed words; the name counts twice in one field."""
    fields = [f"{doc.name} {doc.name} {doc.description}" for doc in task.documents]
    return lexical.Bm25(map(lexical.stems, fields)).scores(list(map(lexical.stems, queries)))


def gram_scores(task, queries):
    """Scores of character n-grams over names and descriptions."""
    fields = [f"{doc.name} {doc.description}" for doc in task.documents]
    return lexical.Bm25(map(lexical.grams, fields)).scores(list(map(lexical.grams, queries)))


def embed(rows_of, table_rows, texts):
    """Normalised sums of rows (n, d); a text without any row is zero."""
    vectors = np.stack([table_rows[rows_of(text)].sum(axis=0) for text in texts])
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


class Student:
    """Cosines by a table of vectors."""

    def __init__(self, tokens, rows):
        self.names, self.find, self.rows = tokens, Rows(tokens), rows

    def scores(self, task, queries):
        """Cosines (queries, documents)."""
        documents = embed(self.find, self.rows, [doc.text() for doc in task.documents])
        return embed(self.find, self.rows, queries) @ documents.T


def teacher_scores(task, queries, cache):
    """Cosines of the teacher, run for real."""
    documents = teacher.vectors([doc.text() for doc in task.documents], cache)
    return teacher.vectors(queries, cache) @ documents.T


def unit(scores):
    """Scores of each query between 0 and 1."""
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    return (scores - low) / np.maximum(high - low, 1e-9)


def fused(*weighted):
    """The weighted sum of scores, each first brought between 0 and 1."""
    return sum(weight * unit(scores) for weight, scores in weighted)


def gains(scores, relevant):
    """Per query nDCG@10, MRR@10, recall@5 (n, 3); equal scores fall in the order of documents."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    discounts = 1 / np.log2(np.arange(2, 12))
    figures = np.zeros((len(scores), 3))
    for query, (top, wanted) in enumerate(zip(order, relevant)):
        hits = np.isin(top, wanted)
        figures[query] = (
            discounts[hits].sum() / discounts[: len(wanted)].sum(),
            1 / (hits.argmax() + 1) if hits.any() else 0,
            hits[:5].sum() / len(wanted),
        )
    return figures
