"""The training texts: read from the sources, cut to length, without repetitions and without any evaluation query."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import skills
from repository import Repository
from sources import SOURCES

ROOT = Path(__file__).resolve().parents[3]
FEWEST, MOST = 3, 60
"""Words of a text: shorter ones say too little, longer ones are cut, since both vectors average over words."""


@dataclass(frozen=True)
class Text:
    """A training text; texts of one group are about one thing, whose description is the group's document."""

    source: str
    group: str
    kind: str
    text: str


def normal(text):
    """Lower-case alphanumeric words joined by one space: the form in which texts and queries are compared."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def spans(words, lengths):
    """All runs of neighbouring words whose number is among `lengths`."""
    return {" ".join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)}


def evaluation_queries(corpus):
    """Every query that quality is measured with: the development sets', and those of this repository's own files."""
    found = [query for texts, _ in skills.queries(corpus).values() for query in texts]
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "*.jsonl"], check=True, capture_output=True
    )
    for path in listing.stdout.decode().split("\0")[:-1]:
        found += [entry["query"] for entry in skills.lines(ROOT / path) if "query" in entry]
    return sorted({normal(query) for query in found})


class Forbidden:
    """Tells which texts contain an evaluation query or are contained in one."""

    def __init__(self, queries):
        self.queries = set(queries)
        self.lengths = sorted({len(query.split()) for query in queries})
        self.parts = set()
        for query in queries:
            words = query.split()
            self.parts |= spans(words, range(FEWEST, len(words) + 1))

    def __contains__(self, text):
        words = text.split()
        return text in self.parts or not self.queries.isdisjoint(spans(words, self.lengths))


def is_prose(text):
    """Whether the text is mostly words in Latin letters."""
    letters = sum(char.isascii() and (char.isalpha() or char == " ") for char in text)
    return letters >= 0.8 * len(text)


def read(folder, corpus):
    """All training texts in a fixed order; `folder` holds a clone of each source as `{owner}__{name}`."""
    forbidden, seen, kept = Forbidden(evaluation_queries(corpus)), set(), []
    for source in SOURCES:
        repository = Repository(folder / source.repository.replace("/", "__"), source.commit)
        for group, kind, text in source.read(repository):
            text = " ".join(text.split()[:MOST])
            form = normal(text)
            if len(form.split()) < FEWEST or form in seen or not is_prose(text) or form in forbidden:
                continue
            seen.add(form)
            kept.append(Text(source.repository, f"{source.repository}/{group}" if group else "", kind, text))
    assert not any(normal(text.text) in forbidden for text in kept), (
        "an evaluation query is among the training texts"
    )
    return kept
