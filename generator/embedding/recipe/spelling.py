"""Mends words that nobody knows: what an engine can do about typos before it looks anything up."""

import re
from collections import Counter, defaultdict

SHORTEST = 4
"""Letters of the shortest word that is mended; it may be mended to one that is a letter shorter."""


def shortened(word):
    """The word, and the word without each one of its letters."""
    return {word} | {word[:i] + word[i + 1 :] for i in range(len(word))}


def one_apart(left, right):
    """Whether one letter lost, added, replaced or swapped with its neighbour makes one word of the other."""
    if len(left) == len(right):
        at = [i for i in range(len(left)) if left[i] != right[i]]
        swapped = (
            len(at) == 2
            and at[1] == at[0] + 1
            and left[at[0]] == right[at[1]]
            and left[at[1]] == right[at[0]]
        )
        return len(at) <= 1 or swapped
    short, long = sorted((left, right), key=len)
    return len(long) == len(short) + 1 and short in shortened(long)


class Mender:
    """Knows the words of the documents, how many have each, and the whole words of the table."""

    def __init__(self, documents, tokens):
        self.used = Counter(word for doc in documents for word in set(re.findall(r"[^\W_]+", doc.lower())))
        whole = {token for token in tokens if token.isascii() and token.isalpha()}
        self.known = set(self.used) | whole
        self.near = defaultdict(set)
        for word in self.known:
            if len(word) >= SHORTEST - 1:
                for short in shortened(word):
                    self.near[short].add(word)

    def word(self, word):
        """The word if it is known; else a near one: of the documents first, then with its first letter, then common."""
        if word in self.known or len(word) < SHORTEST:
            return word
        near = {
            other for short in shortened(word) for other in self.near.get(short, ()) if one_apart(word, other)
        }
        return max(
            near, key=lambda one: (one in self.used, one[0] == word[0], self.used[one], one), default=word
        )

    def __call__(self, query):
        return re.sub(r"[a-z]+", lambda found: self.word(found.group()), query.lower())
