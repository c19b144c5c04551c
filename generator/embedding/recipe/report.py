"""Figures of tables on the development sets: `python report.py --corpus DIR TABLE…`."""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np

import evaluate
import table
from spelling import Mender

WEIGHTS = [
    (1, grams, vectors) for grams in (0, 0.25, 0.5) for vectors in (0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3)
]
"""Of BM25, of character n-grams over names and descriptions, of vectors."""


def rounded(figures):
    """Four digits."""
    return [round(float(figure), 4) for figure in figures]


def by_set(gains):
    """Gains per set -> nDCG@10, MRR@10, recall@5 per set, and their mean over the sets."""
    sets = {name: one.mean(axis=0) for name, one in gains.items()}
    return {
        **{name: rounded(one) for name, one in sets.items()},
        "mean": rounded(np.mean(list(sets.values()), axis=0)),
    }


class Bench:
    """The three sets with their lexical scores, for one way of writing the queries."""

    def __init__(self, tasks, change):
        self.tasks = tasks
        self.queries = {name: change(task) for name, task in tasks.items()}
        self.lexical = {name: evaluate.bm25(task, self.queries[name]) for name, task in tasks.items()}
        self.grams = {name: evaluate.gram_scores(task, self.queries[name]) for name, task in tasks.items()}

    def vectors(self, scores):
        """Cosines per set by a function of task and queries."""
        return {name: scores(task, self.queries[name]) for name, task in self.tasks.items()}

    def gains(self, vectors, weights):
        """Gains per set of the weighted sum of BM25, n-grams and vectors."""
        return {
            name: evaluate.gains(
                evaluate.fused(*zip(weights, (self.lexical[name], self.grams[name], vectors[name]))),
                task.relevant,
            )
            for name, task in self.tasks.items()
        }


def held_out_weights(tasks, gains):
    """Gains per set when each repository's queries are fused by the weights that are best for all the others."""
    groups = {name: np.array(task.repositories) for name, task in tasks.items()}
    picked = {name: np.zeros_like(one) for name, one in gains[WEIGHTS[0]].items()}
    for left_out in sorted(set(itertools.chain(*groups.values()))):

        def quality(weights):
            rest = [one[groups[name] != left_out, 0] for name, one in gains[weights].items()]
            return np.mean([one.mean() for one in rest if len(one)])

        best = max(WEIGHTS, key=quality)
        for name, group in groups.items():
            picked[name][group == left_out] = gains[best][name][group == left_out]
    return picked


def dense(bench, vectors):
    """The figures of vectors alone, fused evenly, with n-grams, and by weights chosen with each repository left out."""
    gains = {weights: bench.gains(vectors, weights) for weights in WEIGHTS}
    means = {weights: by_set(one)["mean"][0] for weights, one in gains.items()}
    best = max(WEIGHTS, key=means.get)
    return {
        "alone": by_set(bench.gains(vectors, (0, 0, 1))),
        "with BM25 1:1": by_set(gains[1, 0, 1]),
        "with BM25 and n-grams 1:0.5:1": by_set(gains[1, 0.5, 1]),
        "weights with each repository left out": by_set(held_out_weights(bench.tasks, gains)),
        "best weights": {"weights": best, **by_set(gains[best])},
        "mean nDCG@10 by weights": {":".join(map(str, weights)): mean for weights, mean in means.items()},
    }


def with_typos(tasks, student, weights):
    """Figures under one typo per long word, as typed and mended, and of mending where nothing is wrong."""
    menders = {
        name: Mender([f"{doc.name} {doc.description}" for doc in task.documents], student.names)
        for name, task in tasks.items()
    }
    ways = {
        "typos": lambda name, task: evaluate.with_typos(task.queries),
        "typos, mended": lambda name, task: list(map(menders[name], evaluate.with_typos(task.queries))),
        "clean, mended": lambda name, task: list(map(menders[name], task.queries)),
    }
    names = {id(task): name for name, task in tasks.items()}
    found = {}
    for way, change in ways.items():
        bench = Bench(tasks, lambda task: change(names[id(task)], task))
        vectors = bench.vectors(student.scores)
        found[way] = {
            "BM25": by_set(bench.gains(vectors, (1, 0, 0))),
            "n-grams": by_set(bench.gains(vectors, (0, 1, 0))),
            "fused": by_set(bench.gains(vectors, weights)),
        }
    return found


def figures(corpus, tables, cache):
    """Everything the manifest tells of quality. Each triple is nDCG@10, MRR@10, recall@5."""
    tasks = evaluate.tasks(corpus)
    bench = Bench(tasks, lambda task: task.queries)
    real = bench.vectors(lambda task, queries: evaluate.teacher_scores(task, queries, cache))
    found = {
        "BM25": by_set(bench.gains(real, (1, 0, 0))),
        "n-grams": by_set(bench.gains(real, (0, 1, 0))),
        "teacher": dense(bench, real),
    }
    for name, data in tables.items():
        student = evaluate.Student(*table.opened(data))
        found[name] = dense(bench, bench.vectors(student.scores))
        found[name]["typos"] = with_typos(tasks, student, found[name]["best weights"]["weights"])
    return found


def main():
    """Prints the figures of tables as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--corpus", type=Path, required=True)
    arguments.add_argument("--cache", type=Path, default=Path.home() / ".cache/guildhall-embedding")
    arguments.add_argument("tables", type=Path, nargs="+")
    given = arguments.parse_args()
    tables = {str(path): path.read_bytes() for path in given.tables}
    print(json.dumps(figures(given.corpus, tables, given.cache), indent=1))


if __name__ == "__main__":
    main()
