"""The public repositories that the training texts come from, and how each is read: commit, licence, reader."""

import csv
import io
import json
import re
import subprocess
from dataclasses import dataclass
from typing import Callable

import skills

DOCUMENT, SENTENCE, QUERY = "document", "sentence", "query"
"""A document is what search would index; a query is how people ask for it; a sentence is anything else."""

FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[^\n]*$", re.S | re.M)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
MARKUP = re.compile(r"<[^>]*>|[*_`]{1,3}|https?://\S+|\{\{|\}\}")
BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)]|>|#+)\s+")
ASKING = re.compile(
    r"^#+.*\b(when to (use|invoke)|use this|usage examples?|example (prompts|requests|queries)|triggers?)\b",
    re.I,
)
QUOTED = re.compile(r"[\"“]([^\"”]{12,160})[\"”]")
OPEN_LICENCE = re.compile(
    r"^\W*(|mit.*|apache.*|bsd.*|isc.*|cc0.*|cc[- ]by([- ]4.*)?|unlicense.*|0bsd)\W*$", re.I
)


class Repository:
    """The files of one commit, read from a clone (bare or not)."""

    def __init__(self, folder, commit):
        self.git = ["git", "-C", str(folder)]
        self.commit = commit

    def paths(self, pattern):
        """The paths that the pattern matches, sorted."""
        listing = subprocess.run(
            [*self.git, "ls-tree", "-rz", "--name-only", self.commit], check=True, capture_output=True
        )
        names = listing.stdout.decode(errors="replace").split("\0")
        return sorted(name for name in names if re.search(pattern, name))

    def files(self, pattern):
        """Path and text of each file whose path the pattern matches."""
        paths = self.paths(pattern)
        wanted = "".join(f"{self.commit}:{path}\n" for path in paths).encode()
        batch = subprocess.run(
            [*self.git, "cat-file", "--batch"], input=wanted, check=True, capture_output=True
        ).stdout
        at = 0
        for path in paths:
            end = batch.index(b"\n", at)
            head = batch[at:end].split()
            assert head[1] == b"blob", f"{path}: {head}"
            size = int(head[2])
            yield path, batch[end + 1 : end + 1 + size].decode(errors="replace")
            at = end + 2 + size


def plain(text):
    """A line of Markdown without its markup."""
    return " ".join(MARKUP.sub(" ", LINK.sub(r"\1", BULLET.sub("", text))).split())


def sentences(body):
    """(kind, sentence) of a Markdown body without code and tables; what stands below "When to use" are queries."""
    asking = False
    for line in FENCE.sub("\n", body).splitlines():
        if line.startswith("#"):
            asking = bool(ASKING.match(line))
        if "|" in line or not line.strip():
            continue
        for part in QUOTED.findall(line):
            yield QUERY if asking else SENTENCE, plain(part)
        for part in re.split(r"(?<=[.!?])\s+(?=[A-Z])", plain(line)):
            yield QUERY if asking and BULLET.match(line) else SENTENCE, part


def skill_files(pattern, most):
    """Reads SKILL.md and the like: the document, and up to `most` sentences of the body, evenly spread."""

    def read(repository):
        for path, source in repository.files(pattern):
            skill = skills.parse(path, source)
            if not skill or not OPEN_LICENCE.match(skill.licence):
                continue
            yield path, DOCUMENT, skill.text()
            yield from ((path, QUERY, quoted) for quoted in QUOTED.findall(skill.description))
            found = list(sentences(skill.body))
            asked = [part for part in found if part[0] == QUERY]
            told = [part for part in found if part[0] == SENTENCE]
            step = max(1, len(told) // most) if most else len(told) + 1
            for kind, text in asked[:12] + told[::step][:most]:
                yield path, kind, text

    return read


def tldr(repository):
    """Pages of commands: what the command does, and what each example does."""
    for path, source in repository.files(r"^pages/common/[^/]*\.md$"):
        about = " ".join(plain(line) for line in re.findall(r"^> (?!More info|See also)(.*)$", source, re.M))
        name = path.rsplit("/", 1)[1].removesuffix(".md")
        yield path, DOCUMENT, f"{name.replace('-', ' ')}. {about}"
        for example in re.findall(r"^- (.*):$", source, re.M)[:2]:
            yield path, QUERY, re.sub(r"\[(\w)\]", r"\1", plain(example))


def clinc(repository):
    """Requests to assistants in 150 intents; one in three of each intent, with the intent as their document."""
    ((_, source),) = repository.files(r"^data/data_full\.json$")
    seen = {}
    for text, intent in json.loads(source)["train"]:
        seen[intent] = seen.get(intent, 0) + 1
        if seen[intent] == 1:
            yield intent, DOCUMENT, intent.replace("_", " ") + " request"
        if seen[intent] % 3 == 0:
            yield intent, QUERY, text


def banking(repository):
    """Questions of bank customers in 77 intents, one in four, and of hotel guests."""
    ((_, source),) = repository.files(r"^banking_data/train\.csv$")
    for row in list(csv.DictReader(io.StringIO(source)))[::4]:
        yield row["category"], QUERY, row["text"]
        yield row["category"], DOCUMENT, row["category"].replace("_", " ") + " of a bank customer"
    for _, source in repository.files(r"^nlupp/data/hotels/fold\d+\.json$"):
        yield from (("", QUERY, entry["text"]) for entry in json.loads(source))


def taskbench(repository):
    """Descriptions of tools and requests that need several; requests have no document of their own."""
    for path, source in repository.files(r"^taskbench/data_\w+/graph_desc\.json$"):
        for node in json.loads(source)["nodes"]:
            yield f"{path}#{node['id']}", DOCUMENT, f"{re.sub(r'[_-]', ' ', node['id'])}. {node['desc']}"
    for path, source in repository.files(r"^taskbench/data_\w+/user_requests\.json$"):
        requests = [json.loads(line)["user_request"] for line in source.splitlines()]
        short = [request for request in requests if len(request.split()) <= 40]
        yield from (("", QUERY, request) for request in short[::3])


def spaced(name):
    """`getWeather.by_city` -> `get Weather by city`."""
    return " ".join(re.sub(r"([a-z])([A-Z])", r"\1 \2", re.sub(r"[._-]", " ", name)).split())


def gorilla(repository):
    """Questions with the one function that answers them, and what the calls of public APIs do."""
    questions = r"/bfcl_eval/data/BFCL_v4_(live_)?(simple|simple_python|multiple|irrelevance)\.json$"
    for path, source in repository.files(questions):
        for entry in map(json.loads, source.splitlines()):
            asked = entry["question"][0][-1]["content"]
            one = len(entry["function"]) == 1 and "irrelevance" not in path
            yield f"{path}#{entry['id']}", QUERY if one else SENTENCE, asked
            for function in entry["function"]:
                group = f"{path}#{entry['id'] if one else function['name']}"
                yield group, DOCUMENT, f"{spaced(function['name'])}. {function['description']}"
    models = r"^data/apibench/(torchhub_train|torchhub_eval|tensorflow_eval|huggingface_eval)\.json$"
    for path, source in repository.files(models):
        for row, entry in enumerate(map(json.loads, source.splitlines())):
            asked = re.search(r"[Ii]nstruction['\"]?: ?['\"]?(.*?)['\"]?(, '|\\n|\n|$)", entry["code"])
            api = entry["api_data"]
            if asked:
                group = f"{path}#{row}"
                yield group, QUERY, asked.group(1)
                yield (
                    group,
                    DOCUMENT,
                    f"{api['api_name']}. {api.get('functionality', '')}. {api.get('description', '')}",
                )
    for path, source in repository.files(r"^data/apizoo/(Datadog|Youtube|Zoom)_API\.json$"):
        for entry in json.loads(source)[:150]:
            yield "", SENTENCE, plain(str(entry.get("functionality", "")).split("\n")[0])


def toolalpaca(repository):
    """Public APIs: what they are, and instructions that they answer."""
    ((_, listing),) = repository.files(r"^data/public_apis\.json$")
    for entry in json.loads(listing)["entries"]:
        yield f"api#{entry['API']}", DOCUMENT, f"{entry['API']}. {entry['Description']}"
    for path, source in repository.files(r"^data/eval_(real|simulated)\.json$"):
        for entry in json.loads(source):
            group = f"{path}#{entry['Name']}"
            yield group, DOCUMENT, f"{entry['Name']}. {entry['Description']}"
            yield from ((group, SENTENCE, text) for _, text in sentences(entry.get("Introduction", "")))
            yield from ((group, QUERY, text) for text in entry.get("Instructions", []))


def public_apis(repository):
    """The list of public APIs."""
    ((_, source),) = repository.files(r"^README\.md$")
    for name, about in re.findall(r"^\| \[([^\]]+)\]\([^)]*\) \| ([^|]+) \|", source, re.M):
        yield f"api#{name}", DOCUMENT, f"{name}. {about.strip()}"


def self_instruct(repository):
    """Instructions that people wrote for assistants."""
    ((_, seeds),) = repository.files(r"^data/seed_tasks\.jsonl$")
    yield from (("", QUERY, json.loads(line)["instruction"]) for line in seeds.splitlines())
    ((_, asked),) = repository.files(r"^human_eval/user_oriented_instructions\.jsonl$")
    yield from (("", QUERY, json.loads(line)["instruction"]) for line in asked.splitlines())


def listed(every):
    """A list of the form `- [name](address) - what it is`: one entry in `every`."""

    def read(repository):
        ((_, source),) = repository.files(r"^(README|readme|Readme)\.md$")
        entries = re.findall(r"^\s*[-*] \**\[([^\]]+)\]\([^)]*\)\**(.*)$", source, re.M)
        for name, rest in entries[::every]:
            about = plain(re.sub(r"\*\[reviews\]\([^)]*\)\*", "", rest)).strip(" -–—:")
            if about:
                yield name, DOCUMENT, f"{name}. {about}"

    return read


def home(repository):
    """Requests to a home assistant in 64 intents; one in two."""
    for path, source in repository.files(
        r"autoGene_2018_03_22-13_01_25_169/CrossValidation/KFold_1/trainset/\w+\.csv$"
    ):
        intent = path.rsplit("/", 1)[1].removesuffix(".csv")
        yield intent, DOCUMENT, intent.replace("_", " ") + " by a home assistant"
        for row in list(csv.DictReader(io.StringIO(source), delimiter=";"))[::2]:
            yield intent, QUERY, row["answer_from_user"] or row["answer_from_anno"] or ""


def snips(repository):
    """Requests in 7 intents."""
    for _, source in repository.files(r"^2017-06-custom-intent-engines/\w+/validate_\w+\.json$"):
        ((intent, entries),) = json.loads(source).items()
        yield intent, DOCUMENT, spaced(intent) + " by a voice assistant"
        yield from ((intent, QUERY, "".join(part["text"] for part in entry["data"])) for entry in entries)


@dataclass(frozen=True)
class Source:
    """A repository at a commit, its licence, and the reader that yields (group, kind, text)."""

    repository: str
    commit: str
    licence: str
    read: Callable


SKILL_MD = r"(^|/)SKILL\.md$"
SOURCES = (
    Source(
        "alirezarezvani/claude-skills",
        "7d493fed97e4d57553630e1a2432c1c02bf5b2b3",
        "MIT",
        skill_files(SKILL_MD, 10),
    ),
    Source(
        "github/awesome-copilot",
        "ab7544d03d4c49fdd07f5958e1888ad39c4118e2",
        "MIT",
        skill_files(r"(^|/)SKILL\.md$|^(agents|instructions)/.*\.md$", 10),
    ),
    Source(
        "sickn33/antigravity-awesome-skills",
        "e1dd8f41bcb43c3bb025d5056183729a626b696d",
        "MIT",
        skill_files(SKILL_MD, 10),
    ),
    Source(
        "wshobson/agents",
        "367cb6a4a182cf7e9b0a17c9429f7411ddd9cf35",
        "MIT",
        skill_files(r"^plugins/.*(SKILL\.md|/agents/[^/]*\.md)$", 10),
    ),
    Source("openclaw/skills", "3a5f649f604cb32910dc9ddb81d9be873b2c3d42", "MIT", skill_files(SKILL_MD, 4)),
    Source(
        "davila7/claude-code-templates",
        "c2b584d4b8493e98a885b1b9aabb0736bccfe7cf",
        "MIT",
        skill_files(r"^cli-tool/components/(skills/.*/SKILL|(agents|commands)/.*)\.md$", 4),
    ),
    Source(
        "K-Dense-AI/claude-scientific-skills",
        "899a51bfbd63218153b272c9459dcb4a7ae88da6",
        "MIT",
        skill_files(SKILL_MD, 4),
    ),
    Source(
        "VoltAgent/awesome-claude-code-subagents",
        "c9e51ec0b3d43f5dcdd0b558a6cd28ba6ada97c1",
        "MIT",
        skill_files(r"^categories/.*\.md$", 4),
    ),
    Source("obra/superpowers", "44c9b2d6e889982ac18c27d05a19fefe335194e1", "MIT", skill_files(SKILL_MD, 4)),
    Source("tldr-pages/tldr", "08e345f42639f67d99282813247ac670dc6e87cb", "CC-BY-4.0", tldr),
    Source("clinc/oos-eval", "828f8093932c8fe6ca7936c3d2e52903b1c523de", "CC-BY-3.0", clinc),
    Source(
        "PolyAI-LDN/task-specific-datasets", "57ec275d8078af65b7731c2a98be812d844a6d6b", "CC-BY-4.0", banking
    ),
    Source("microsoft/JARVIS", "c62e0faac76c4a2907cabe2cfe4bbe5f2e613400", "MIT", taskbench),
    Source("ShishirPatil/gorilla", "6ea57973c7a6097fd7c5915698c54c17c5b1b6c8", "Apache-2.0", gorilla),
    Source("tangqiaoyu/ToolAlpaca", "189069998d64a7baf1b4a1c3c4b2e75eb9d05532", "Apache-2.0", toolalpaca),
    Source("public-apis/public-apis", "c045a2eb505f0f8b7992bb4af53cc020f25003fd", "MIT", public_apis),
    Source("yizhongw/self-instruct", "0b26ccaa415992100fa32df62d41b994cf928e23", "Apache-2.0", self_instruct),
    Source("avelino/awesome-go", "c4bc4eb428f49593eac16307f76e691dcac06589", "MIT", listed(2)),
    Source("jaywcjlove/awesome-mac", "b4043d92c04720f24bd0855cbc9fe6374205efec", "CC0-1.0", listed(1)),
    Source("pluja/awesome-privacy", "775c5af85fd62fd67a17a9036369fb4070b6f38b", "CC0-1.0", listed(1)),
    Source("agarrharr/awesome-cli-apps", "c37c30ed6830ae558dc909baed756b79473f3b96", "CC0-1.0", listed(1)),
    Source("sorrycc/awesome-javascript", "c8e9543530b12423f68ad4379735f96ba0d6de61", "CC0-1.0", listed(1)),
    Source("vinta/awesome-python", "25618e21215dd147735e6a5872445e698b43ee63", "CC-BY-4.0", listed(1)),
    Source("kakoni/awesome-healthcare", "04840965988f5f9ab856194f5642f45fc291df9a", "CC0-1.0", listed(1)),
    Source("mahseema/awesome-ai-tools", "b55186e97bc01635d637f544431700f331077944", "MIT", listed(1)),
    Source(
        "steven2358/awesome-generative-ai", "63d863418c0a6db3db92cacf150a72f76933e15c", "CC0-1.0", listed(1)
    ),
    Source("wong2/awesome-mcp-servers", "39eb1d76d76e562657f3c657266a504cea159e23", "MIT", listed(1)),
    Source("xliuhw/NLU-Evaluation-Data", "f6071b496b17d71e6eb43f543af0707f4ff30557", "CC-BY-4.0", home),
    Source("sonos/nlu-benchmark", "b86ac7f1577868c42158d0dec77db50956046696", "CC0-1.0", snips),
)
