"""Where a value stands that a path looked for elsewhere: for the reader of an explanation."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from difflib import get_close_matches

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.model import Json

MAX_NODES = 5_000
"""How much of a document is searched."""

_BARE = re.compile(r"[^\W\d][\w-]*")

Steps = tuple[str | int, ...]


def spell(root: str, steps: Steps) -> str:
    """A definite path as its owner would write it: `$.items[0].name`, `$['first name']`."""
    return root + "".join(_step(step) for step in steps)


def nearby(path: Path, scope: Scope) -> str | None:
    """A path that exists and that the absent one may have meant: `$.object.status` for `$.status`."""
    if not path.definite or not path.steps:
        return None
    document = _root(path.root, scope)
    return _misspelled(path, document) or _elsewhere(path, document) or _other_root(path, scope)


def _root(root: str, scope: Scope) -> Json:
    roots = {"$": scope.body, "$headers": scope.headers, "$query": scope.query, "$item": scope.item}
    return roots.get(root)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


def _misspelled(path: Path, node: Json) -> str | None:
    """The path with its first wrong step put right, where what follows then exists."""
    for index, step in enumerate(path.steps):
        inside = _child(node, step)
        if inside:
            node = inside[0]
            continue
        tails = (alternative + path.steps[index + 1 :] for alternative in _alternatives(node, step))
        found = next((tail for tail in tails if _exists(node, tail)), None)
        return None if found is None else spell(path.root, path.steps[:index] + found)
    return None


def _alternatives(node: Json, step: str | int) -> list[Steps]:
    """What may stand for a step that leads nowhere: the first element of a list, a name spelled alike."""
    if isinstance(node, list):
        return [(0, step)]
    if not isinstance(node, dict) or not isinstance(step, str):
        return []
    alike = [key for key in node if key.casefold() == step.casefold()]
    return [(key,) for key in (*alike, *get_close_matches(step, list(node)[:200], n=2, cutoff=0.75))]


def _elsewhere(path: Path, document: Json) -> str | None:
    """The path's last step, or more of its end, at another place: the shortest such path."""
    for steps, node in _walk(document):
        for start in range(len(path.steps)):
            tail = path.steps[start:]
            if isinstance(tail[0], str) and steps + tail != path.steps and _exists(node, tail):
                return spell(path.root, steps + tail)
    return None


def _other_root(path: Path, scope: Scope) -> str | None:
    for root in ("$", "$query", "$headers"):
        if root != path.root and _exists(_root(root, scope), path.steps):
            return spell(root, path.steps)
    return None


def _walk(document: Json) -> Iterator[tuple[Steps, Json]]:
    """Objects and lists, the outer ones first; of a list only the first element."""
    waiting: deque[tuple[Steps, Json]] = deque([((), document)])
    for _ in range(MAX_NODES):
        if not waiting:
            return
        steps, node = waiting.popleft()
        yield steps, node
        waiting.extend(((*steps, key), child) for key, child in _children(node))


def _children(node: Json) -> list[tuple[str | int, Json]]:
    if isinstance(node, dict):
        return [(key, child) for key, child in node.items() if isinstance(child, dict | list)]
    return [(0, node[0])] if isinstance(node, list) and node and isinstance(node[0], dict | list) else []


def _exists(node: Json, steps: Steps) -> bool:
    for step in steps:
        inside = _child(node, step)
        if not inside:
            return False
        node = inside[0]
    return True


def _child(node: Json, step: str | int) -> list[Json]:
    """What stands at one step, in a list; empty where nothing does."""
    if isinstance(node, dict):
        key = str(step)
        return [node[key]] if key in node else []
    if isinstance(node, list) and isinstance(step, int) and -len(node) <= step < len(node):
        return [node[step]]
    return []
