"""Sources from YAML texts, and requests to them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from typing import Any

from bridge.errors import DocumentError
from bridge.language.document import read
from bridge.language.keys_rule import FILE
from bridge.language.nodes import Mapping, Report, Scalar
from bridge.language.reader import Reader
from bridge.model import Request
from bridge.webhook.profiles import load_profiles, merge
from bridge.webhook.source import Accepted, Reception, Refused, Source
from bridge.webhook.source_compiler import compile_source

NOW = 1_700_000_000_000


def compile_text(text: str, environment: Dict[str, str] | None = None) -> tuple[Source | None, list[str]]:
    """The source of a mapping file's source keys, and its findings as shown to the owner."""
    report = Report("source.yml")
    node = read(text.encode(), report)
    source = None
    if isinstance(node, Mapping):
        name = node.get("profile")
        if isinstance(name, Scalar):
            node = merge(load_profiles()[name.text].node, node)
        reader = Reader(report, environment or {})
        fields = reader.table(node, FILE)
        source = compile_source(fields, reader) if fields is not None else None
    return source, [str(finding) for finding in sorted(set(report.findings))]


def source_of(text: str, **environment: str) -> Source:
    """The source of a text without errors."""
    source, findings = compile_text(text, environment)
    assert source is not None, findings
    return source


def request(
    body: bytes | str = b"",
    headers: Dict[str, str] | tuple[tuple[str, str], ...] = (),
    *,
    method: str = "POST",
    query: str = "",
    client: str = "203.0.113.9",
    path_token: str | None = None,
) -> Request:
    """One webhook as it would come in."""
    data = body.encode() if isinstance(body, str) else body
    pairs = tuple(headers.items()) if isinstance(headers, Dict) else headers
    return Request(method, query, pairs, data, client, path_token)


def outcome(read: Callable[[], Any]) -> Any:
    """What a decoder gives, or the one error that it may raise."""
    try:
        return read()
    except DocumentError as error:
        return error


def accepted(reception: Reception) -> Accepted:
    assert isinstance(reception, Accepted), reception
    return reception


def refused(reception: Reception) -> Refused:
    assert isinstance(reception, Refused), reception
    return reception
