"""Templates: texts that contain paths, such as `Order {$.id} is paid`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.jsonpath.path import Path, PathError, compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.text import Unusable, text_of
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

_PATH_CHARACTERS = re.compile(r"""[^{}'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders that are filled from an event."""

    text: str
    parts: tuple[str | Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(part for part in self.parts if isinstance(part, Path))

    def render(self, scope: Scope) -> str:
        """The text for one event. Raises Unusable if a path does not give exactly one value."""
        return "".join(part if isinstance(part, str) else _value(part, scope) for part in self.parts)


def is_template(text: str) -> bool:
    """Whether the text has a placeholder."""
    return "{$" in text


def compile_template(text: str) -> Template:
    """Split a text at its placeholders. Raises PathError with the offset in this text."""
    parts: list[str | Path] = []
    position = 0
    while (hole := text.find("{$", position)) >= 0:
        if text.startswith("{", hole - 1) and hole > 0:
            raise PathError(Reason(FindingCode.HOLE_DOUBLED), "M208", hole - 1)
        end = _end_of_hole(text, hole)
        parts += [text[position:hole], _path(text[hole + 1 : end], hole + 1)]
        position = end + 1
    parts.append(text[position:])
    return Template(text, tuple(part for part in parts if part))


def _end_of_hole(text: str, start: int) -> int:
    position = start + 1
    while match := _PATH_CHARACTERS.match(text, position):
        position = match.end()
    if not text.startswith("}", position):
        raise PathError(Reason(FindingCode.HOLE_NOT_CLOSED), "M208", start)
    return position


def _path(text: str, offset: int) -> Path:
    try:
        return compile_path(text)
    except PathError as error:
        error.offset += offset
        raise


def _value(path: Path, scope: Scope) -> str:
    if path.definite:
        return text_of(path.first(scope), path.text)
    found = path.find(scope)
    if len(found) > 1:
        reason = Reason(RuleCode.MANY_IN_TEMPLATE, what=path.text, size=len(found))
        raise Unusable(reason, path.text, Reason(RuleCode.PICK_IN_TEMPLATE))
    return text_of(path.first(scope), path.text)
