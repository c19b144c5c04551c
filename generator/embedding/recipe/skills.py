"""SKILL.md files and the queries of the development sets: reading, and the text of a document."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

FRONTMATTER = re.compile(r"^\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*\r?\n?(.*)$", re.S)
SETS = ("examples", "whentouse", "metatool")


@dataclass(frozen=True)
class Skill:
    """What search sees of a skill, and its body, from which training texts are cut."""

    id: str
    name: str
    description: str
    body: str = ""
    licence: str = ""

    def text(self):
        """The document's text: the name with spaces, a full stop, the description."""
        return f"{self.name.replace('-', ' ')}. {self.description}"


def frontmatter(block):
    """The keys of a `---` block; lines that are no YAML are read as `key: text`."""
    try:
        keys = yaml.safe_load(block)
    except yaml.YAMLError:
        keys = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.+)$", block, re.M))
    return keys if isinstance(keys, dict) else {}


def parse(path, source):
    """The skill in a file `…/{folder}/SKILL.md`, or None if it has no description."""
    match = FRONTMATTER.match(source)
    if not match:
        return None
    keys = frontmatter(match.group(1))
    description = " ".join(str(keys.get("description") or "").split())
    name = str(keys.get("name") or Path(path).parent.name)
    licence = str(keys.get("license") or "")
    return Skill(path, name, description, match.group(2), licence) if description else None


def corpus(root):
    """The skills under `{root}/skills`, sorted by path."""
    paths = sorted(path for path in (root / "skills").rglob("SKILL.md"))
    return [
        parse(str(path.relative_to(root)), path.read_text(errors="replace"))
        or Skill(str(path.relative_to(root)), path.parent.name, "")
        for path in paths
    ]


def lines(path):
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def queries(root):
    """The development sets: set -> (texts, ids of what is relevant)."""
    return {
        name: (
            [entry["query"] for entry in entries],
            [[str(one) for one in entry["relevant"]] for entry in entries],
        )
        for name in SETS
        for entries in [lines(root / f"queries/{name}.jsonl")]
    }


def tools(root):
    """MetaTool's tools as documents."""
    docs = lines(root / "queries/metatool-docs.jsonl")
    return [Skill(str(doc["id"]), doc["name"], doc["description"]) for doc in docs]
