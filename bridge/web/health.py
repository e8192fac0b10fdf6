"""`/readyz`: whether the process can do its work, and which problems prevent it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from bridge.problems.facts import Facts
from bridge.problems.listing import problems
from bridge.problems.problem import Kind, Problem, sentence
from bridge.text.render import english

_NAMES: Final[Mapping[Kind, str]] = {
    "broken": "mappings",
    "stale": "mappings",
    "empty": "mappings",
    "late": "queue",
}
"""Names that monitors know, if they differ from the problem's kind."""


def readyz(facts: Facts) -> tuple[int, bytes]:
    """Status and JSON body. `facts` contains only what is public.

    Not ready (503) is only who cannot accept webhooks: warnings must not take it out of a balancer.
    """
    found = problems(facts)
    wrong = _by_name(one for one in found if one.level == "blocks")
    odd = _by_name(one for one in found if one.level in ("bad", "warn"))
    answer = {"ready": not wrong, "problems": wrong, "warnings": odd}
    return (503 if wrong else 200), json.dumps(answer, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _by_name(found: Iterable[Problem]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for one in found:
        texts.setdefault(_NAMES.get(one.kind, one.kind), []).append(english(sentence(one)))
    return {name: "; ".join(parts) for name, parts in texts.items()}
