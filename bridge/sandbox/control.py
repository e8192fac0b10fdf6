"""Endpoints that control the sandbox: status of subscribers, faults, received calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

from bridge.sandbox.faults import SECONDS, TRUE_ANSWERS, Fault, Kind
from bridge.sandbox.request import Request
from bridge.sandbox.response import Response, json_response, to_json
from bridge.sandbox.state import Call, Memory, Status

_ANSWER_KEYS = ("status", "body", "type")
_FAULT_KEYS = ("kind", "times", "ran", "retry_after", "seconds", *_ANSWER_KEYS)
_SUBSCRIBER_KEYS = ("status", "channel_id")
_HEADER_TEXT = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?")
_CALLS_PER_PART = 250
_Choice = TypeVar("_Choice", Kind, Status)


class ControlError(Exception):
    """A control request has a wrong value: the field, and what is expected."""

    def __init__(self, field: str, expected: str, found: Any) -> None:
        shown = json.dumps(found, ensure_ascii=False)
        self.message = f"{field}: expected {expected}, found {shown[:80]}"
        self.field = field
        self.expected = expected
        super().__init__(self.message)

    def response(self) -> Response:
        return json_response(400, {"message": self.message, "field": self.field, "expected": self.expected})


def set_subscriber(memory: Memory, person: str, request: Request) -> Response:
    """`PUT /subscribers/<id>`"""
    document = _document(request, _SUBSCRIBER_KEYS)
    status = _choice(document, "status", Status)
    channel_id = document.get("channel_id")
    if channel_id is not None and not isinstance(channel_id, str):
        raise ControlError("channel_id", "a text", channel_id)
    memory.set_status(person, channel_id, status)
    return json_response(200, {"id": person, "channel_id": channel_id, "status": status.value})


def add_fault(memory: Memory, request: Request) -> Response:
    """`POST /faults`"""
    fault = parse_fault(_document(request, _FAULT_KEYS))
    memory.faults.add(fault)
    return json_response(201, fault.as_json())


def parse_fault(document: dict[str, Any]) -> Fault:
    """A fault from its JSON; raises ControlError."""
    named = document | {"kind": str(document["kind"])} if isinstance(document.get("kind"), int) else document
    kind = _choice(named, "kind", Kind)
    return Fault(
        kind=kind,
        times=_times(document.get("times", 1)),
        ran=_ran(document.get("ran"), kind),
        retry_after=_retry_after(document.get("retry_after")),
        seconds=_seconds(document.get("seconds"), kind),
        answer=_answer(document, kind),
    )


def list_calls(memory: Memory) -> Iterator[bytes]:
    """`GET /calls`: a JSON array, oldest first, in parts so that a long list does not block the loop."""
    return _array(tuple(memory.calls))


def list_probes(memory: Memory) -> Iterator[bytes]:
    """`GET /probes`: the requests without parameters, in the same form."""
    return _array(tuple(memory.probes))


def _array(calls: tuple[Call, ...]) -> Iterator[bytes]:
    remaining = iter(calls)
    separator = b"["
    while part := tuple(islice(remaining, _CALLS_PER_PART)):
        yield separator + b",\n".join(to_json(call.as_json()) for call in part)
        separator = b",\n"
    yield b"]\n" if calls else b"[]\n"


def _document(request: Request, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        raise ControlError("body", "a JSON object", request.body[:60].decode(errors="replace")) from None
    if not isinstance(document, dict):
        raise ControlError("body", "a JSON object", document)
    for name in document:
        if name not in keys:
            raise ControlError(name, f"only the keys {', '.join(keys)}", name)
    return document


def _choice(document: dict[str, Any], field: str, choices: type[_Choice]) -> _Choice:
    value = document.get(field)
    for choice in choices:
        if choice.value == value:
            return choice
    raise ControlError(field, f"one of {', '.join(choices)}", value)


def _times(value: Any) -> int | None:
    if value is None:
        return None
    if _is_integer(value) and value >= 1:
        return int(value)
    raise ControlError("times", "a whole number from 1, or null for until deleted", value)


def _ran(value: Any, kind: Kind) -> bool:
    if value is None:
        return kind in TRUE_ANSWERS
    if isinstance(value, bool):
        return value
    raise ControlError("ran", "true or false", value)


def _retry_after(value: Any) -> str | None:
    if value is None:
        return None
    if (_is_integer(value) and value >= 0) or (isinstance(value, str) and _HEADER_TEXT.fullmatch(value)):
        return str(value)
    raise ControlError("retry_after", "seconds as a whole number from 0, or an HTTP date", value)


def _seconds(value: Any, kind: Kind) -> float:
    if value is None:
        return SECONDS.get(kind, 0.0)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 3600:
        return float(value)
    raise ControlError("seconds", "a number from 0 to 3600", value)


def _answer(document: dict[str, Any], kind: Kind) -> Response:
    if kind is not Kind.ANSWER:
        for name in _ANSWER_KEYS:
            if name in document:
                raise ControlError(name, f"no {name} unless kind is {Kind.ANSWER.value}", document[name])
    status = document.get("status", 200)
    if not _is_integer(status) or not 200 <= status <= 599:
        raise ControlError("status", "a status from 200 to 599", status)
    body, content_type = document.get("body", ""), document.get("type", "application/json")
    if not isinstance(body, str):
        raise ControlError("body", "a text", body)
    if not isinstance(content_type, str) or not _HEADER_TEXT.fullmatch(content_type):
        raise ControlError("type", "a content type", content_type)
    return Response(status, body.encode(errors="replace"), content_type)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
