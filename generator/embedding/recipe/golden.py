"""Texts with the tokens that they have rows for, and the first values of their vectors: what any reader must find."""

import json
from pathlib import Path

import evaluate
import table
from tokens import Rows

HERE = Path(__file__).resolve().parent.parent
VALUES = 8
TEXTS = (
    "Refunds a customer's order",
    "How do I use C++ or C# on Linux?",
    "naïve café, Ærøskøbing, straße, İstanbul, ﬁle",
    "把网页的中文 text 整理成 a table",
    "退款処理。 한국어 русский العربية",
    "oauth2 S3 ERR-42 foo_bar x86_64 v1.2.3 ½ ²",
    "theano; the THE I'm don't co-operate e-mail",
    "zero\u200bwidth soft\u00adhyphen tab\tnew\nline \ufffd nul\x00 bell\x07",
    "😀 emoji 👩‍💻 inside",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "a" * 100,
    "a" * 101,
    "qq" * 30,
    "the of and",
    "",
)


def golden(data):
    """What the table's bytes make of each text."""
    names, rows = table.opened(data)
    find = Rows(names)
    vectors = evaluate.embed(find, rows, TEXTS)
    return [
        {"text": text, "tokens": [names[row] for row in find(text)], "vector": [round(float(x), 6) for x in vector]}
        for text, vector in zip(TEXTS, vectors[:, :VALUES], strict=True)
    ]


if __name__ == "__main__":
    found = golden((HERE / "table.bin").read_bytes())
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in found)
    (HERE / "golden.json").write_text(f"[\n{lines}\n]\n")
