"""Every place in which a sender's secret can be, as a source and a request that has it there."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
OTHER = "other-0secret-77120"
"""The second secret of a source that has two."""
ID = "e-1"


@dataclass(frozen=True)
class Sent:
    """A request to /hooks/s."""

    body: str = ""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    path: str = ""
    method: str = "POST"
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Case:
    """One place. `at` finds the secret in the event."""

    name: str
    keys: str
    make: Callable[[str], Sent]
    at: str = "$.note"
    secret: str = "canary-5ecret/7 ф-41907"


def _json(**members: Any) -> str:
    return json.dumps({"id": ID, **members})


def _form(*pairs: tuple[str, str]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in (("id", ID), *pairs))


def _multipart(secret: str) -> str:
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("id", ID), ("code", secret), ("note", f"see {secret}!"))
    )
    return f"{parts}--b--\r\n"


def _token(place: str, more: str = "") -> str:
    return f"verify: {{token: {{{place}}}}}\n{more}"


def _basic(password: str) -> str:
    return f"Basic {b64encode(f'shop:{password}'.encode()).decode()}"


_PATH = "canary-5ecret-7-41907"
_HEADER = "canary-5ecret/7-41907"
CASES = (
    Case(
        "header",
        _token("header: X-Shop-Key"),
        lambda s: Sent(_json(note=f"see {s}!"), headers={"X-Shop-Key": s, "X-Copy": s}),
        "$headers['x-shop-key']",
        _HEADER,
    ),
    Case(
        "header with prefix",
        _token("header: X-Shop-Key, prefix: 'Bearer '"),
        lambda s: Sent(_json(note=s), headers={"X-Shop-Key": f"Bearer {s}", "X-Copy": s}),
        "$headers['x-shop-key']",
        _HEADER,
    ),
    Case(
        "two headers",
        _token("header: [X-New, X-Old]"),
        lambda s: Sent(_json(note=s), headers={"X-Old": s}),
        "$headers['x-old']",
        _HEADER,
    ),
    Case(
        "basic",
        _token("basic: {user: shop}"),
        lambda s: Sent(_json(note=f"{s}."), headers={"Authorization": _basic(s)}),
        "$headers.authorization",
        _HEADER,
    ),
    Case(
        "query",
        _token("query: k"),
        lambda s: Sent(_json(note=s), query=f"k={quote(s, safe='')}&copy={quote_plus(s)}"),
        "$query.k",
    ),
    Case("path", _token("path: true"), lambda s: Sent(_json(note=_PATH), path=s), "$.note", _PATH),
    Case(
        "form field",
        _token("form: key", "body: form\n"),
        lambda s: Sent(_form(("key", s), ("note", f"see {s}!")), FORM),
        "$.key",
    ),
    Case(
        "form field with a blank",
        _token("form: api key", "body: form\n"),
        lambda s: Sent(_form(("api key", s), ("note", s)), FORM),
        "$['api key']",
    ),
    Case(
        "bracket form",
        _token("form: 'auth[token]'", "body: form\n"),
        lambda s: Sent(_form(("auth[token]", s), ("note", s)), FORM),
        "$.auth.token",
    ),
    Case("json", _token("json: $.secret"), lambda s: Sent(_json(secret=s, note=f"see {s}!")), "$.secret"),
    Case(
        "json in a list",
        _token("json: '$.auth[0].code'"),
        lambda s: Sent(_json(auth=[{"code": s}], note=s)),
        "$.auth[0].code",
    ),
    Case(
        "the event's type",
        _token("json: $.secret", "event: {id: $.id, type: $.secret}\n"),
        lambda s: Sent(_json(secret=s, note=s)),
        "$.secret",
    ),
    Case(
        "xml in pieces",
        _token("xml: $.r.code", "body: xml\nevent: {id: $.r.id}\n"),
        lambda s: Sent(
            f"<r><id>{ID}</id><code><![CDATA[{s[:7]}]]>{s[7:11]}<!-- - -->{s[11:]}</code>"
            f"<note>see {s}!</note></r>",
            "application/xml",
        ),
        "$.r.code",
    ),
    Case(
        "json in utf-16",
        _token("json: $.secret", "body: json\ncharset: utf-16\n"),
        lambda s: Sent(_json(secret=s, note=s), encoding="utf-16"),
        "$.secret",
    ),
    Case(
        "json with a blank",
        _token("json: \"$['api key']\""),
        lambda s: Sent(_json(**{"api key": s, "note": s})),
        "$['api key']",
    ),
    Case(
        "json anywhere",
        _token("json: $..token"),
        lambda s: Sent(_json(a={"b": [{"token": s}]}, note=s)),
        "$.a.b[0].token",
    ),
    Case(
        "json as a key elsewhere",
        _token("json: $.secret"),
        lambda s: Sent(_json(secret=s, by={s: 1}, note=s)),
        "$.secret",
    ),
    Case(
        "number",
        _token("json: $.code"),
        lambda s: Sent(_json(code=int(s), note=f"no {s}")),
        "$.code",
        "4190711553",
    ),
    Case(
        "xml",
        _token("xml: $.a.key", "body: xml\nevent: {id: $.a.id}\n"),
        lambda s: Sent(f"<a><id>{ID}</id><key>{s}</key><note>see {s}</note></a>", "text/xml"),
        "$.a.key",
    ),
    Case(
        "multipart",
        _token("form: code", "body: multipart\n"),
        lambda s: Sent(_multipart(s), "multipart/form-data; boundary=b"),
        "$.code",
    ),
    Case(
        "json in a field",
        _token("json: $.data.key", "body: form\njson_fields: [data]\n"),
        lambda s: Sent(_form(("data", json.dumps({"key": s})), ("note", s)), FORM),
        "$.data.key",
    ),
    Case(
        "any of header and query",
        "verify: {any: [{token: {header: X-Shop-Key}}, {token: {query: k}}]}\n",
        lambda s: Sent(_json(note=s), query=f"k={quote(s)}"),
        "$query.k",
    ),
    Case(
        "all of query and json",
        "verify: {all: [{token: {query: k}}, {token: {json: $.secret}}]}\n",
        lambda s: Sent(_json(secret=s, note=s), query=f"k={quote(s)}"),
        "$.secret",
    ),
    Case(
        "rotation",
        _token("json: $.secret").replace("verify", "secret: ['${OTHER}', '${SECRET}']\nverify"),
        lambda s: Sent(_json(secret=s, note=s)),
        "$.secret",
    ),
    Case(
        "named",
        _token("json: $.secret, use: hook").replace("verify", "secrets: {hook: '${SECRET}'}\nverify"),
        lambda s: Sent(_json(secret=s, note=s)),
        "$.secret",
    ),
    Case(
        "of the scheme alone",
        _token("json: $.secret, secret: '${SECRET}'").replace("verify", "secret: '${OTHER}'\nverify"),
        lambda s: Sent(_json(secret=s, note=s)),
        "$.secret",
    ),
    Case(
        "unwrapped",
        _token("json: $.secret", "unwrap: data\n"),
        lambda s: Sent(json.dumps({"data": {"id": ID, "secret": s, "note": s}})),
        "$.secret",
    ),
    Case(
        "in the parts of a batch",
        _token("json: $.secret", "split: '$.items[*]'\n"),
        lambda s: Sent(json.dumps({"secret": s, "items": [{"id": ID, "note": s}]})),
        "$.note",
    ),
)
