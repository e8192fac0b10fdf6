"""`leadbridge review`: what stored events say against mapping files."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.commands.check import failing, levels, tell
from bridge.commands.language import said
from bridge.commands.opening import opened
from bridge.commands.output import say
from bridge.operations import review as operation
from bridge.operations.mapping_files import compile_named, sound
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings


def review(settings: Settings, files: Sequence[str], last: int, *, strict: bool, as_json: bool) -> int:
    """Print what the `last` events of each source say against its rules; 1 with `strict` where they do."""
    sources = sound(compile_named(settings, files), files).sources
    with opened(settings) as store:
        found = operation.review(store, sources, last)
    tell(found.findings, as_json=as_json)
    events = Reason(MappingCode.EVENTS, count=found.events)
    of = Reason(MappingCode.SOURCES, count=len(sources))
    say(said(Reason(MappingCode.REVIEWED, events=events, sources=of, levels=levels(found.findings))))
    return failing(found.findings, strict=strict)
