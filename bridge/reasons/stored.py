"""Converts reasons to and from JSON objects, for columns and documents."""

from __future__ import annotations

import json
from typing import Any, Final

from bridge.reasons.actions import ActionCode
from bridge.reasons.alerts import AlertCode
from bridge.reasons.calls import CallCode
from bridge.reasons.causes import CauseCode
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.explain import ExplainCode
from bridge.reasons.findings import FindingCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Code, GeneralCode, Param, Reason, recorded
from bridge.reasons.rules import RuleCode
from bridge.reasons.states import StateCode
from bridge.reasons.webhooks import WebhookCode

AREAS: Final[tuple[type[Code], ...]] = (
    GeneralCode,
    CallCode,
    CauseCode,
    AlertCode,
    WebhookCode,
    RuleCode,
    ExplainCode,
    ActionCode,
    FindingCode,
    MappingCode,
    ErrorCode,
    ProblemCode,
    StateCode,
    CommandCode,
)
"""Every enumeration of codes."""
_KNOWN: Final = {code.value: code for area in AREAS for code in area}
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode
_CODE: Final = "code"
"""The key of the code in a reason's object; the others are its parameters."""
_DEEPEST: Final = 40
"""Levels of values in one another that are read; rendering takes five calls for each."""
_LONGEST: Final = 1 << 16
"""Characters of a column that are parsed. Ours are far shorter; a page of 300,000 values took 24 s."""


def to_text(reason: Reason | None) -> str:
    """The reason as JSON for a column; empty for None.

    An unpaired surrogate, which no column can hold, becomes a JSON escape.
    """
    text = "" if reason is None else _ENCODE(to_json(reason))
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def from_text(text: str) -> Reason | None:
    """Parse the reason of a column. A text that is not a known reason becomes a recorded one; no error."""
    if not text:
        return None
    if len(text) > _LONGEST:
        return recorded(text)
    try:
        return from_json(json.loads(text))
    except (ValueError, RecursionError):
        return recorded(text)


def from_document(value: Any) -> Reason:
    """Parse a reason inside a document. A text of an older version becomes a recorded one; no error."""
    try:
        return from_json(value)
    except ValueError:
        return recorded(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def to_json(reason: Reason) -> dict[str, Any]:
    """The reason as an object for a JSON document."""
    return {_CODE: reason.code.value, **{name: _plain(value) for name, value in reason.params.items()}}


def from_json(document: Any, level: int = 0) -> Reason:
    """Parse a reason from its object. Raises ValueError if this version does not know it."""
    code = _KNOWN.get(str(document.get(_CODE))) if isinstance(document, dict) else None
    if code is None:
        raise ValueError("expected a reason with a known code")
    values = {name: _param(value, level + 1) for name, value in document.items() if name != _CODE}
    return Reason(code, **values)


def _plain(value: Param) -> Any:
    if isinstance(value, Reason):
        return to_json(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _param(value: Any, level: int) -> Param:
    if value is None or isinstance(value, str | int):
        return value
    if level > _DEEPEST:
        raise ValueError("expected fewer reasons in one another")
    if isinstance(value, dict):
        return from_json(value, level)
    if isinstance(value, list):
        return tuple(_param(one, level + 1) for one in value)
    raise ValueError(f"expected a parameter, found {type(value).__name__}")
