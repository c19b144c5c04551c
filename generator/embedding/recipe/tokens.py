"""Text -> rows of the table: BERT's uncased basic tokenisation, stop words out, WordPiece over its vocabulary."""

import functools
import re
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

UNKNOWN = "[UNK]"
SPECIAL = re.compile(r"\[(PAD|CLS|SEP|MASK|UNK|unused\d+)\]")
ANALYSIS = Path(__file__).resolve().parents[3] / "registry-core/src/search/analysis.rs"
SCRIPTS = ("LATIN", "CJK", "GREEK", "DIGIT")
"""How the names of those characters begin that get rows."""
MARKS = "+#"
"""The marks that get a row, for `c++` and `c#`."""


@functools.cache
def stop_words():
    """Stop and filler words, as the engine has them: read from its source, so that there is one list."""
    source = ANALYSIS.read_text()
    block = re.search(r"STOP_WORDS: \[&str; \d+\] = \[(.*?)\];", source, re.S)
    return frozenset(re.findall(r'"([^"]+)"', block.group(1)))


def is_ideograph(char):
    """Whether BERT sets the character apart as a word of its own."""
    return unicodedata.name(char, "").startswith("CJK")


def is_kept(token):
    """Whether a token of BERT's vocabulary gets a row.

    Out are the special tokens, what the tokenisation can never produce (accents, marks within words, joined
    ideographs), punctuation, and scripts of which BERT's English vocabulary knows little but single letters.
    """
    if SPECIAL.fullmatch(token):
        return False
    text = token.removeprefix("##")
    if text in MARKS:
        return text == token
    if text != unicodedata.normalize("NFD", text.lower()) or not text.isalnum():
        return False
    if token != text and any(is_ideograph(char) for char in text):
        return False
    return all(unicodedata.name(char, "").startswith(SCRIPTS) for char in text)


def kept(vocabulary):
    """The tokens that get a row, sorted by their bytes."""
    return sorted((token for token in vocabulary if is_kept(token)), key=str.encode)


class Rows:
    """Finds the rows of a text."""

    def __init__(self, tokens):
        ids = {token: row for row, token in enumerate(tokens)} | {UNKNOWN: len(tokens)}
        self.unknown = len(tokens)
        self.stop = stop_words()
        self.words = Tokenizer(models.WordPiece(ids, unk_token=UNKNOWN))
        self.normalizer = normalizers.BertNormalizer()
        self.split = pre_tokenizers.BertPreTokenizer()
        self.cache = {}

    def of_word(self, word):
        """The rows of one word; none if it cannot be spelt with the vocabulary."""
        if word not in self.cache:
            ids = self.words.encode(word).ids if word not in self.stop else []
            self.cache[word] = [row for row in ids if row != self.unknown]
        return self.cache[word]

    def words_of(self, text):
        """The words of BERT's basic tokenisation, stop words and punctuation among them."""
        return [word for word, _ in self.split.pre_tokenize_str(self.normalizer.normalize_str(text))]

    def __call__(self, text):
        return [row for word in self.words_of(text) for row in self.of_word(word)]
