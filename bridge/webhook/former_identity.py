"""Restores how a source identified its events, from a former text of its `event:`."""

from __future__ import annotations

from dataclasses import replace

from bridge.language.document import read
from bridge.language.keys_source import EVENT
from bridge.language.nodes import Mapping, Node, Report
from bridge.language.reader import Reader
from bridge.language.yaml_dump import flow
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.identity import compile_identity
from bridge.webhook.source import Source


def event_text(node: Node | None) -> str:
    """The `event:` of a source as one line that `former_source` reads; empty if there is none."""
    return "" if node is None else flow(node)


def former_source(source: Source, text: str) -> Source | None:
    """The source with this text as its `event:`; None if this version cannot read it."""
    if not text:
        return replace(source, event="", event_id=None, event_type=None)
    report = Report("event")
    node = read(f"event: {text}\n".encode(), report)
    event = node.get("event") if isinstance(node, Mapping) else None
    reader = Reader(report)
    fields = reader.table(event, EVENT) if event is not None else None
    if fields is None:
        return None
    context = CompileContext(reader, source.name)
    found = replace(
        source,
        event=text,
        event_id=compile_identity(fields["id"], context),
        event_type=compile_identity(fields["type"], context),
    )
    return None if report.failed else found
