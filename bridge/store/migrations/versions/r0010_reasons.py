"""Judgements as JSON. Sentences of older versions become `general.recorded`.

How a sender was verified and what a person decided become codes: what an event may show depends on the one,
and both are words of ours.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SENTENCES = (
    ("calls", "reason"),
    ("attempts", "reason"),
    ("refusals", "detail"),
    ("events", "error"),
    ("alerts", "detail"),
    ("actions", "what"),
)
_BY_THE_BRIDGE = (
    ("accounts", "paused_reason", "paused_by"),
    ("pauses", "paused_reason", "paused_by"),
    ("actions", "why", "who"),
)
"""What a person wrote stays as it is."""
_DECISIONS = {
    "pause": "pause",
    "resume": "resume",
    "cancel": "cancel",
    "resolve as done": "resolve_done",
    "resolve as cancelled": "resolve_cancelled",
    "resend": "resend",
    "confirm answer as success": "confirm_success",
    "replay": "replay",
    "read again": "read_again",
}
_ANSWERED = ("handshake", "ping")
"""Why an event is in `ignored`: `events.error` has the same word as `events.verified`."""
_VERIFIED = {
    "open": "by_nothing",
    "ip": "by_ip",
    "path token": "by_path_token",
    "basic password": "by_password",
    "the bridge itself": "by_bridge",
    **{word: word for word in _ANSWERED},
}
_SCHEMES = {"hmac": "by_hmac", "hash": "by_hash", "signature": "by_signature", "jwt": "by_jwt"}
_PLACES = {"parameter": "place_query", "field": "place_form"}


def upgrade() -> None:
    _decisions()
    for word in _ANSWERED:
        _replace("events", "error", word, _code(word))
    for table in ("events", "repeats"):
        for text in op.get_bind().execute(sa.text(f"SELECT DISTINCT verified FROM {table}")).scalars().all():  # noqa: S608
            if text:
                _replace(table, "verified", text, _verified(text))
    for table, column in _SENTENCES:
        _record(table, column, f"{column} <> '' AND {column} NOT LIKE '{{\"code\": %'")
    for table, column, by in _BY_THE_BRIDGE:
        _record(table, column, f"{column} <> '' AND {by} = 'the bridge'")


def _decisions() -> None:
    for old, name in _DECISIONS.items():
        _replace("actions", "what", old, {"code": f"action.{name}"})


def _code(name: str, /, **values: Any) -> dict[str, Any]:
    return {"code": f"webhook.{name}", **values}


def _verified(text: str) -> dict[str, Any]:
    proofs = [_proof(one) for one in text.split(" + ")]
    return proofs[0] if len(proofs) == 1 else _code("by_all", proofs=proofs)


def _proof(text: str) -> dict[str, Any]:
    """One proof of the sender, as the checks of 0009 named it."""
    scheme, _, rest = text.partition(" ")
    if text in _VERIFIED:
        return _code(_VERIFIED[text])
    if scheme in ("hmac", "hash"):
        return _code(_SCHEMES[scheme], algorithms=rest.split(" or "))
    if scheme in _SCHEMES:
        return _code(_SCHEMES[scheme], algorithm=rest)
    if text.startswith("token in "):
        return _code("by_token", place=_place(text.removeprefix("token in ")))
    return {"code": "general.recorded", "text": text}


def _place(text: str) -> dict[str, Any] | str:
    kind, _, name = text.partition(" ")
    if kind == "header":
        return _code("place_header", names=name.split(" or "))
    return _code(_PLACES[kind], name=name) if kind in _PLACES else text


def _replace(table: str, column: str, old: str, new: dict[str, Any]) -> None:
    change = sa.text(f"UPDATE {table} SET {column} = :new WHERE {column} = :old")  # noqa: S608 (our own words)
    op.get_bind().execute(change, {"old": old, "new": json.dumps(new, ensure_ascii=False)})


def _record(table: str, column: str, which: str) -> None:
    """The sentences become JSON objects with the sentence as their text."""
    made = "json_object" if op.get_bind().dialect.name == "sqlite" else "json_build_object"
    sentence = f"CAST({made}('code', 'general.recorded', 'text', {column}) AS TEXT)"
    op.execute(f"UPDATE {table} SET {column} = {sentence} WHERE {which}")  # noqa: S608 (our own words)
