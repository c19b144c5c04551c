"""BM25 over stemmed words and over character n-grams, as the engine counts them."""

import re
from collections import Counter

import numpy as np
import scipy.sparse as sparse
import Stemmer

from tokens import stop_words

K1, B = 1.2, 0.75


def words(text):
    """Words in lower case without stop words; identifiers and digits stay."""
    stop = stop_words()
    return [word for word in re.split(r"[\W_]+", text.lower()) if word and word not in stop]


def stems(text):
    """Stemmed words, repetitions kept."""
    return Stemmer.Stemmer("english").stemWords(words(text))


def grams(text):
    """The 3- and 4-grams of each word, whose ends are marked."""
    marked = [f"_{word}_" for word in words(text)]
    return [word[i : i + n] for word in marked for n in (3, 4) for i in range(len(word) - n + 1)]


class Bm25:
    """An index of documents, given as lists of terms."""

    def __init__(self, documents):
        self.ids = {}
        counts = [Counter(self.ids.setdefault(t, len(self.ids)) for t in terms) for terms in documents]
        lengths = np.array([sum(count.values()) for count in counts], float)
        norms = K1 * (1 - B + B * lengths / lengths.mean())
        present = np.zeros(len(self.ids))
        for count in counts:
            present[list(count)] += 1
        idf = np.log1p((len(counts) - present + 0.5) / (present + 0.5))
        entries = [
            (term, doc, idf[term] * f * (K1 + 1) / (f + norms[doc]))
            for doc, count in enumerate(counts)
            for term, f in count.items()
        ]
        terms, docs, weights = zip(*entries)
        self.weights = sparse.csr_array((weights, (terms, docs)), shape=(len(self.ids), len(counts)))

    def scores(self, queries):
        """Scores (queries, documents); a term that a query repeats counts as often."""
        pairs = [(i, self.ids[t]) for i, terms in enumerate(queries) for t in terms if t in self.ids]
        rows, columns = zip(*pairs) if pairs else ((), ())
        shape = (len(queries), len(self.ids))
        return (
            sparse.csr_array((np.ones(len(pairs)), (rows, columns)), shape=shape) @ self.weights
        ).toarray()
