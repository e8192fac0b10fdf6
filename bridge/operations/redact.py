"""Redacts webhooks that are tried, and results of any webhook, for pages, commands and files."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from bridge.mapping.author.examples import Result
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Event, Request, Verdict
from bridge.operations.authoring.test import RanTests
from bridge.reasons.reason import Reason
from bridge.webhook.redaction.redact import Redaction, redaction

T = TypeVar("T")


def of_request(request: Request, mapping: MappingFile) -> Redaction:
    """The redaction for a webhook that is tried and not stored."""
    return redaction(mapping.source.secrets.places, mapping.source.secrets.values, request)


def of_document(event: Event, mapping: MappingFile) -> Redaction:
    """The redaction if only the event is known."""
    return redaction(mapping.source.secrets.places, mapping.source.secrets.values, None, event.document)


def shown_tests(ran: RanTests) -> RanTests:
    """The results of tests, with the secrets of their samples hidden."""
    return replace(ran, results=tuple(_shown_result(ran.mapping, one) for one in ran.results))


def _shown_result(mapping: MappingFile, result: Result) -> Result:
    for event in result.events[:1] or ():
        result = shown(of_document(event, mapping), result)
    return shown(Redaction(mapping.source.secrets.values), result)


def shown(hidden: Redaction, value: T) -> T:
    """The value with secrets hidden in all its texts, also inside dataclasses, lists, maps and reasons."""
    return cast(T, _shown(hidden, value))


def _shown(hidden: Redaction, value: Any) -> Any:
    match value:
        case Event():
            return hidden.event(value)
        case Request():
            return hidden.request(value)
        case Verdict():
            return _of_fields(hidden, value._replace(found=hidden.json(value.found)))
        case dict():
            return {_shown(hidden, key): _shown(hidden, one) for key, one in value.items()}
        case list():
            return [_shown(hidden, one) for one in value]
        case tuple():
            return _of_fields(hidden, value)
        case Reason():
            return _of_reason(hidden, value)
        case MappingFile():
            return value
    if type(value) is str:
        return hidden.text(value)
    return _of_dataclass(hidden, value) if is_dataclass(value) and not isinstance(value, type) else value


def _of_fields(hidden: Redaction, value: tuple[Any, ...]) -> Any:
    parts = [_shown(hidden, one) for one in value]
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def _of_reason(hidden: Redaction, value: Reason) -> Reason:
    then = {name: _shown(hidden, one) for name, one in value.params.items()}
    return value if then == value.params else Reason(value.code, **then)


def _of_dataclass(hidden: Redaction, value: Any) -> Any:
    now = {one.name: getattr(value, one.name) for one in fields(value)}
    then = {name: _shown(hidden, one) for name, one in now.items()}
    changed = {name: one for name, one in then.items() if one is not now[name] and one != now[name]}
    return replace(value, **changed) if changed else value
