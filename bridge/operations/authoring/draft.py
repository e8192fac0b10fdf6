"""Drafts a mapping file from a profile or from a webhook. Nothing is written to disk."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bridge.did_you_mean import suggestion
from bridge.errors import BridgeError, UsageError
from bridge.jsonpath.exact_numbers import to_json
from bridge.mapping.author.examples import Result, run_example
from bridge.mapping.author.explain import failure_reason, verdict_reason
from bridge.mapping.author.infer_rule import RuleOutline, infer_rule
from bridge.mapping.author.rewrite import rewrite_expectation
from bridge.mapping.rules.apply import MappingFile, judge
from bridge.model import Event, Request
from bridge.operations.authoring.draft_text import (
    GENERIC,
    STAND_IN,
    example_text,
    head_text,
    identity_text,
    rule_text,
    runnable,
    starter_text,
)
from bridge.operations.authoring.mapping_files import compile_text
from bridge.operations.authoring.pick_values import Chosen, outline_rule
from bridge.operations.authoring.sample import Sample, kind_of, sample_of
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.webhook.profiles import load_profiles
from bridge.webhook.source import same_event

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted mapping file: its text, and the sample of its test."""

    text: str
    sample_name: str = ""
    """Path relative to the mapping file; empty if the test contains the document."""
    sample: bytes | None = None


@dataclass(frozen=True, slots=True)
class _SourceDraft:
    """The beginning of a mapping file: its source, without rules."""

    settings: Settings
    path: Path
    head: str
    sample: Sample

    def compiled(self, more: str = "") -> MappingFile:
        """Compile the file with these additional lines; raises BridgeError if it has errors."""
        return _compiled(self.settings, self.path, self.head + more)


def check_names(source: str, profile: str | None) -> None:
    """Raise UsageError if the source's name is not valid or the profile is unknown."""
    if not _NAME.fullmatch(source):
        raise UsageError(Reason(MappingCode.BAD_SOURCE_NAME, name=source))
    known = list(load_profiles())
    if profile is not None and profile not in known:
        unknown = Reason(MappingCode.NO_PROFILE, name=profile, hint=suggestion(profile, known))
        raise UsageError(unknown, Reason(MappingCode.PROFILES_LIST))


def starter(settings: Settings, source: str, profile: str) -> Draft:
    """Draft a mapping file from the profile's example."""
    return Draft(starter_text(source, profile, public=bool(settings.public_url)))


def events_in(settings: Settings, source: str, profile: str | None, request: Request) -> tuple[Event, ...]:
    """The events of a webhook as a draft of this source reads them, for a person to choose values.

    Raises DocumentError if the webhook cannot be read.
    """
    return _begin(settings, source, profile, request).compiled().source.events(request, 0)


def draft(
    settings: Settings,
    source: str,
    profile: str | None,
    request: Request,
    chosen: Chosen | None = None,
    stored: Event | None = None,
    secrets: Collection[str] = (),
) -> Draft:
    """Draft a mapping file with one rule, and the webhook as the redacted sample of its passing test.

    The rule has the values that a person chose, or is inferred from the `stored` event or the webhook's first
    one. FILL_IN marks unknown values. Without a profile, the generic profile that reads the webhook is used.
    The file contains none of the `secrets`. Raises DocumentError if the webhook cannot be read, UsageError if
    the choices make no valid rule.
    """
    outline = outline_rule(chosen) if chosen else None
    started = _begin(settings, source, profile, request, outline, secrets)
    name = f"samples/{source}.{started.sample.ending}" if started.sample.raw is not None else ""
    test = example_text(started.sample, name)
    if outline is None:
        at = _place(started.compiled().source.events(request, 0), stored)
        outline = infer_rule(_run(started.compiled(test), started.sample).events[at])
    rule = partial(rule_text, outline, sure=chosen is not None)
    compiled = started.compiled(f"\n{rule(unknown=STAND_IN)}\n{test}")
    result = _run(compiled, started.sample)
    if chosen is not None and not result.starts:
        raise UsageError(Reason(MappingCode.STARTS_NOTHING, why=_why(compiled, result)))
    text = rewrite_expectation(f"{started.head}\n{rule()}\n{test}", result, compiled.account, outline.unknown)
    return Draft(text, name, started.sample.raw)


def _place(events: tuple[Event, ...], stored: Event | None) -> int:
    """The index of the stored event in its webhook."""
    same = same_event(stored, events) if stored else None
    return events.index(same) if same else 0


def _begin(
    settings: Settings,
    source: str,
    profile: str | None,
    request: Request,
    outline: RuleOutline | None = None,
    secrets: Collection[str] = (),
) -> _SourceDraft:
    path = Path(settings.mappings) / f"{source}.yml"
    head = head_text(source, profile or kind_of(request), public=bool(settings.public_url))
    asked = outline.when if outline else ()
    kept = {value if isinstance(value, str) else to_json(value) for _, value in asked}
    sample = sample_of(request, _compiled(settings, path, head).source, kept, secrets)
    if profile is None or profile in GENERIC:
        head += identity_text(sample)
    return _SourceDraft(settings, path, head, sample)


def _compiled(settings: Settings, path: Path, text: str) -> MappingFile:
    compiled = compile_text(settings, str(path), runnable(text).encode())
    if compiled.mapping is None:
        wrong = next(one.reason for one in compiled.findings if one.is_error)
        raise BridgeError(
            Reason(MappingCode.CANNOT_BEGIN, path=str(path), why=wrong), Reason(MappingCode.CHECK_SHOWS)
        )
    return compiled.mapping


def _run(mapping: MappingFile, sample: Sample) -> Result:
    return run_example(mapping, mapping.tests[0], lambda _: sample.raw or b"")


def _why(mapping: MappingFile, result: Result) -> Reason:
    """Why the only rule did not start anything."""
    lacks = [failure_reason(one) for one in result.failures]
    unmet = [verdict_reason(verdict, event) for event in result.events for verdict in judge(mapping, event)]
    return (lacks or unmet)[0]
