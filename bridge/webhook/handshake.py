"""Answers handshakes: requests that are no events, such as challenges, consents and pings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, compile_conditions
from bridge.language.reader import Fields
from bridge.language.text import Unusable, text_of
from bridge.model import Json, Reply
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import SecretPlace, secret_places
from bridge.webhook.reply import media_type
from bridge.webhook.verify.digests import digest_text, keyed
from bridge.webhook.verify.tokens import compile_token

MAX_CHALLENGE = 4_096

_KINDS = (
    "echo_query",
    "echo_json",
    "echo_header",
    "hmac_reply",
    "fixed",
    "options_consent",
    "accept_unsigned",
)
_HEADER_TEXT = re.compile(r"[A-Za-z0-9.*,:/_-]{1,200}")
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_PLAIN_ONLY = (("X-Content-Type-Options", "nosniff"),)

Handshake: TypeAlias = Callable[[Incoming], Reply | None]
"""Returns the answer if the request is this handshake; raises DeniedError if its token is wrong."""


@dataclass(frozen=True, slots=True)
class Handshakes:
    """Handshakes before the source's verification, and those that must pass it."""

    early: tuple[Handshake, ...] = ()
    late: tuple[Handshake, ...] = ()
    secrets: tuple[SecretPlace, ...] = ()
    """The places where they read a token: `hub.verify_token`."""

    def before(self, incoming: Incoming) -> Reply | None:
        return _first(self.early, incoming)

    def after(self, incoming: Incoming) -> Reply | None:
        return _first(self.late, incoming)


def _first(handshakes: tuple[Handshake, ...], incoming: Incoming) -> Reply | None:
    return next((reply for one in handshakes if (reply := one(incoming)) is not None), None)


def compile_handshakes(tables: tuple[Fields, ...], context: CompileContext) -> Handshakes | None:
    """Compile `handshake:`, one mapping or a list of them. None after a finding."""
    early: list[Handshake] = []
    late: list[Handshake] = []
    secrets: list[SecretPlace] = []
    for table in tables:
        kinds = [kind for kind in _KINDS if kind in table]
        if not kinds:
            context.report.add(table.node, "M412", Reason(WebhookCode.BAD_NO_HANDSHAKE, names=_KINDS))
            return None
        for kind in kinds:
            one = None if table[kind] is None else _COMPILE[kind](table[kind], context)
            if one is None:
                return None
            is_late = kind in ("echo_json", "hmac_reply", "fixed", "echo_header") and table[kind]["verified"]
            (late if is_late else early).append(one)
            if kind == "echo_query" and table[kind]["token"]:
                secrets += secret_places(table[kind]["token"])
    return Handshakes(tuple(early), tuple(late), tuple(secrets))


def _echo_query(fields: Fields, context: CompileContext) -> Handshake | None:
    parameter, field = fields["parameter"], fields["field"]
    token = None if fields["token"] is None else compile_token(fields["token"], context)
    if parameter is None or (token is None and fields["token"] is not None):
        return None
    matches = _compile_test(fields, context)

    def answer(incoming: Incoming) -> Reply | None:
        values = [value for name, value in incoming.query_pairs if name == parameter]
        if not values or not matches(incoming):
            return None
        if token is not None:
            token.run(incoming)
        return _echo(values[0], field)

    return answer


def _echo_json(fields: Fields, context: CompileContext) -> Handshake | None:
    path = context.path(fields.at("path"), fields["path"]) if fields["path"] else None
    matches, field = _compile_test(fields, context), fields["field"]
    if path is None:
        return None

    def answer(incoming: Incoming) -> Reply | None:
        challenge = _challenge(path, incoming) if matches(incoming) else None
        return None if challenge is None else _echo(challenge, field)

    return answer


def _echo_header(fields: Fields, context: CompileContext) -> Handshake | None:
    header, field, as_header = fields["header"], fields["field"], fields["as_header"]
    matches = _compile_test(fields, context)
    if header is None or not _header_safe(fields, "as_header", context):
        return None

    def answer(incoming: Incoming) -> Reply | None:
        values = incoming.header(header)
        if len(values) != 1 or not matches(incoming):
            return None
        if as_header is None:
            return _echo(values[0], field)
        if len(values[0]) > MAX_CHALLENGE or not (values[0].isascii() and values[0].isprintable()):
            return None
        return Reply(200, b"", _TEXT, ((as_header, values[0]),))

    return answer


def _hmac_reply(fields: Fields, context: CompileContext) -> Handshake | None:
    path = context.path(fields.at("path"), fields["path"]) if fields["path"] else None
    secrets = context.secrets_of(fields, "hmac_reply")
    matches = _compile_test(fields, context)
    if path is None or not secrets or fields["fields"] is None:
        return None

    def answer(incoming: Incoming) -> Reply | None:
        challenge = _challenge(path, incoming) if matches(incoming) else None
        if challenge is None:
            return None
        made = keyed(fields["algorithm"], secrets[0].encode(), challenge.encode())
        digest = digest_text(made, fields["encoding"])
        body = {
            name: text.replace("{digest}", digest).replace("{value}", challenge)
            for name, text in fields["fields"].items()
        }
        return Reply(200, json.dumps(body, ensure_ascii=False).encode(), _JSON)

    return answer


def _fixed(fields: Fields, context: CompileContext) -> Handshake | None:
    if fields["when"] is None and fields["method"] == "POST":
        context.report.add(fields.node, "M412", Reason(WebhookCode.BAD_FIXED))
        return None
    content_type = _TEXT if fields["type"] is None else media_type(fields, "type", context)
    if content_type is None:
        return None
    matches, reply = _compile_test(fields, context), Reply(200, fields["body"].encode(), content_type)
    return lambda incoming: reply if matches(incoming) else None


def _options_consent(fields: Fields, context: CompileContext) -> Handshake | None:
    if not (_header_safe(fields, "origin", context) and _header_safe(fields, "rate", context)):
        return None
    headers = (
        ("WebHook-Allowed-Origin", fields["origin"]),
        ("WebHook-Allowed-Rate", fields["rate"]),
        ("Allow", "POST, OPTIONS"),
    )
    reply = Reply(200, b"", _TEXT, headers)
    return lambda incoming: reply if incoming.request.method == "OPTIONS" else None


def _accept_unsigned(fields: Fields, context: CompileContext) -> Handshake | None:
    if not _conditions(fields, context):
        return None
    matches, reply = _compile_test(fields, context), Reply()
    return lambda incoming: reply if matches(incoming) else None


_COMPILE: dict[str, Callable[[Fields, CompileContext], Handshake | None]] = {
    "echo_query": _echo_query,
    "echo_json": _echo_json,
    "echo_header": _echo_header,
    "hmac_reply": _hmac_reply,
    "fixed": _fixed,
    "options_consent": _options_consent,
    "accept_unsigned": _accept_unsigned,
}


def _header_safe(fields: Fields, key: str, context: CompileContext) -> bool:
    """Whether a text of the file is valid in a header; adds a finding if not."""
    text = fields[key]
    if text is None or _HEADER_TEXT.fullmatch(text):
        return True
    context.report.add(fields.at(key), "M411", Reason(WebhookCode.BAD_HEADER_TEXT, text=text[:40]))
    return False


def _conditions(fields: Fields, context: CompileContext) -> tuple[Condition, ...]:
    return () if fields["when"] is None else compile_conditions(fields["when"], context.report)


def _compile_test(fields: Fields, context: CompileContext) -> Callable[[Incoming], bool]:
    """A test of a request's method and of the conditions, for which an unreadable body counts as empty."""
    conditions = _conditions(fields, context)
    method = fields.values.get("method", "POST")

    def matches(incoming: Incoming) -> bool:
        if incoming.request.method != method:
            return False
        scope = _scope(incoming) if conditions else None
        return scope is None or all(condition.test(scope).holds for condition in conditions)

    return matches


def _scope(incoming: Incoming) -> Scope:
    """The roots for paths; unreadable parts count as empty, since a challenge may come without a body."""
    try:
        return incoming.scope
    except DocumentError:
        query = _query(incoming)
    return Scope(None, incoming.headers, query, {"source": incoming.source, "received_at": incoming.now_ms})


def _query(incoming: Incoming) -> Json:
    try:
        return incoming.query
    except DocumentError:
        return {}


def _challenge(path: Path, incoming: Incoming) -> str | None:
    found = path.find(_scope(incoming))
    try:
        text = text_of(found[0]) if found else ""
    except Unusable:
        return None
    return text if 0 < len(text) <= MAX_CHALLENGE else None


def _echo(challenge: str, field: str | None) -> Reply | None:
    if len(challenge) > MAX_CHALLENGE:
        return None
    if field is None:
        return Reply(200, challenge.encode(), _TEXT, _PLAIN_ONLY)
    return Reply(200, json.dumps({field: challenge}, ensure_ascii=False).encode(), _JSON)
