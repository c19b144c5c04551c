"""How the sources of the training texts are read: one function for each kind of repository."""

import csv
import io
import json
import re

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
