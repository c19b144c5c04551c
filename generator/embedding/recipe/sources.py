"""The public repositories that the training texts come from: commit, licence, and how each is read."""

from dataclasses import dataclass
from typing import Callable

from readers import (
    banking,
    clinc,
    gorilla,
    home,
    listed,
    public_apis,
    self_instruct,
    skill_files,
    snips,
    taskbench,
    tldr,
    toolalpaca,
)


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
    Source("jaywcjlove/awesome-mac", "b4043d92c04720f24bd0855cbc9fe6374205efec", "CC-BY-4.0", listed(1)),
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
