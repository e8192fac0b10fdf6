"""Suggests an existing path for one that found nothing."""

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
"""Maximum number of nodes of a document that are searched."""

_BARE = re.compile(r"[^\W\d][\w-]*")

Steps = tuple[str | int, ...]


def spell(root: str, steps: Steps) -> str:
    """A definite path in its usual notation: `$.items[0].name`, `$["first name"]`."""
    return root + "".join(_step(step) for step in steps)


def suggest_path(path: Path, scope: Scope) -> str | None:
    """An existing path that may have been meant: `$.object.status` for `$.status`; None if there is none."""
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
    """The path with its first wrong step corrected, if the rest of the path then exists."""
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
    """Replacements for a step that finds nothing: the first element of a list, a similar name."""
    if isinstance(node, list):
        return [(0, step)]
    if not isinstance(node, dict) or not isinstance(step, str):
        return []
    alike = [key for key in node if key.casefold() == step.casefold()]
    return [(key,) for key in (*alike, *get_close_matches(step, list(node)[:200], n=2, cutoff=0.75))]


def _elsewhere(path: Path, document: Json) -> str | None:
    """The end of the path at another place in the document: the shortest such path."""
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
    """Objects and lists, breadth first; only the first element of each list."""
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
    """The value at one step as a list of one; empty if there is none."""
    if isinstance(node, dict):
        key = str(step)
        return [node[key]] if key in node else []
    if isinstance(node, list) and isinstance(step, int) and -len(node) <= step < len(node):
        return [node[step]]
    return []
