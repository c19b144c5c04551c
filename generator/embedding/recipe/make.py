"""Makes the embedding table, and everything that ships with it, of texts and the teacher's vectors."""

import argparse
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np

import fit
import report
import skills
import table
import teacher
import texts as training
import tokens as vocabulary
from readers import DOCUMENT
from sources import SOURCES
from train import Lesson, train

SEED = 1
HASH_BYTES = 5
HERE = Path(__file__).resolve().parent.parent


def lesson_of(texts, rows, vectors, wanted):
    """The lesson of those texts that have any row."""
    kept = [i for i, found in enumerate(rows) if found]
    document = {}
    for place, i in enumerate(kept):
        if texts[i].kind == DOCUMENT and texts[i].group:
            document.setdefault(texts[i].group, place)
    own = np.array([document.get(texts[i].group, -1) for i in kept])
    documents = np.array([place for place, i in enumerate(kept) if texts[i].kind == DOCUMENT])
    return Lesson([rows[i] for i in kept], vectors[kept], wanted[kept], own, documents)


def rows_for(texts, vectors, names, token_vectors):
    """The trained rows of the tokens `names`, not yet rounded, of texts and the teacher's vectors of both."""
    find = vocabulary.Rows(names)
    found = [find(text.text) for text in texts]
    lesson = lesson_of(texts, found, vectors, fit.targets(vectors, SEED))
    start = fit.start(lesson.rows, lesson.wanted, token_vectors)
    return train(start, lesson, SEED)


def foreign(texts, corpus):
    """The indices of the texts that are neither from the corpus's repositories nor about a copy of one of its skills.

    A copy has the name of a skill, or the first words of its description.
    """
    library = skills.corpus(corpus)
    own = {skill.id.split("/")[1].replace("__", "/", 1) for skill in library}
    names = {training.normal(skill.name) for skill in library}
    starts = {beginning(skill.description) for skill in library}
    copies = set()
    for text in texts:
        name, _, description = text.text.partition(". ")
        if text.kind == DOCUMENT and (training.normal(name) in names or beginning(description) in starts):
            copies.add(text.group)
    return [i for i, text in enumerate(texts) if text.source not in own and text.group not in copies]


def beginning(description):
    """The first ten words."""
    return " ".join(training.normal(description).split()[:10])


def hashes(texts):
    """The first bytes of the SHA-256 of each normalised text, sorted."""
    return sorted(
        {hashlib.sha256(training.normal(text.text).encode()).digest()[:HASH_BYTES] for text in texts}
    )


def packed(found):
    """Sorted hashes as the gaps between them (LEB128), each hash a big-endian number."""
    out, former = bytearray(), 0
    for one in found:
        number = int.from_bytes(one, "big")
        gap, former = number - former, number
        while gap >= 0x80:
            out.append(gap & 0x7F | 0x80)
            gap >>= 7
        out.append(gap)
    return bytes(out)


def example(texts):
    """The first document of eight to twelve words: the test of the hashes shows with it that it would find one."""
    documents = (text.text for text in texts if text.kind == DOCUMENT)
    return next(text for text in documents if 8 <= len(training.normal(text).split()) <= 12)


def sources_tsv(texts):
    """Repository, commit, licence, number of texts."""
    count = Counter(text.source for text in texts)
    rows = [(one.repository, one.commit, one.licence, str(count[one.repository])) for one in SOURCES]
    return "".join("\t".join(row) + "\n" for row in [("repository", "commit", "licence", "texts"), *rows])


def manifest(written, names, texts, figures):
    """What the table is, what it was made of, and how good it is."""
    package, version = teacher.name()
    return {
        "table": {
            "file": "table.bin",
            "sha256": hashlib.sha256(written).hexdigest(),
            "bytes": len(written),
            "dimensions": fit.DIMENSIONS,
            "bits": table.BITS,
            "vocabulary": len(names),
            "licence": "Apache-2.0",
        },
        "teacher": {"package": package, "version": version, "licence": teacher.LICENCE},
        "seed": SEED,
        "texts": {
            "count": len(texts),
            "sha256": teacher.digest([text.text for text in texts]),
            "hashes": "texts.bin",
            "example": example(texts),
        },
        "figures": figures,
    }


def encoded(rows, names):
    """The bytes of the table."""
    written = table.encode(names, *table.quantise(rows))
    assert len(written) <= table.MAX_BYTES, len(written)
    table.decode(written)
    return written


def main():
    """Writes table.bin, texts.bin, sources.tsv and manifest.json."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--corpus", type=Path, required=True, help="folder with skills/ and queries/")
    arguments.add_argument(
        "--sources", type=Path, required=True, help="folder with a clone of each source as OWNER__NAME"
    )
    arguments.add_argument("--cache", type=Path, default=Path.home() / ".cache/guildhall-embedding")
    given = arguments.parse_args()
    texts = training.read(given.sources, given.corpus)
    names = vocabulary.kept(teacher.vocabulary())
    print(f"{len(texts)} texts, {len(names)} tokens", flush=True)

    vectors = teacher.vectors([text.text for text in texts], given.cache)
    token_vectors = teacher.vectors(names, given.cache)
    others = foreign(texts, given.corpus)
    held_out = encoded(rows_for([texts[i] for i in others], vectors[others], names, token_vectors), names)
    written = encoded(rows_for(texts, vectors, names, token_vectors), names)
    (HERE / "table.bin").write_bytes(written)

    figures = report.figures(given.corpus, {"table": written, "held_out": held_out}, given.cache)
    (HERE / "texts.bin").write_bytes(packed(hashes(texts)))
    (HERE / "sources.tsv").write_text(sources_tsv(texts))
    (HERE / "manifest.json").write_text(json.dumps(manifest(written, names, texts, figures), indent=2) + "\n")


if __name__ == "__main__":
    main()
