"""A mapping file to begin with, from a profile or from a webhook that came. Nothing is written."""

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
from bridge.mapping.author.explain import lack, verdict_reason
from bridge.mapping.author.infer_rule import Guess, guess
from bridge.mapping.author.rewrite import rewritten
from bridge.mapping.rules.apply import MappingFile, judge
from bridge.model import Event, Request
from bridge.operations.draft_text import (
    GENERIC,
    STAND_IN,
    example_text,
    head_text,
    identity_text,
    rule_text,
    runnable,
    starter_text,
)
from bridge.operations.mapping_files import compile_alone
from bridge.operations.pick_values import Chosen, outlined
from bridge.operations.sample import Sample, kind_of, sample_of
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.webhook.profiles import load_profiles
from bridge.webhook.source import same_event

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping file to begin with: its text, and the sample beside it."""

    text: str
    sample_name: str = ""
    """Path beside the mapping file; empty where the test holds the document itself."""
    sample: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Begun:
    """A mapping file as far as its source goes."""

    settings: Settings
    path: Path
    head: str
    sample: Sample

    def compiled(self, more: str = "") -> MappingFile:
        """The file with these further lines; raises BridgeError where that has errors."""
        return _compiled(self.settings, self.path, self.head + more)


def check_names(source: str, profile: str | None) -> None:
    """Raise UsageError where no source can be called so, or no profile is."""
    if not _NAME.fullmatch(source):
        raise UsageError(Reason(MappingCode.BAD_SOURCE_NAME, name=source))
    known = list(load_profiles())
    if profile is not None and profile not in known:
        unknown = Reason(MappingCode.NO_PROFILE, name=profile, hint=suggestion(profile, known))
        raise UsageError(unknown, Reason(MappingCode.PROFILES_LIST))


def starter(settings: Settings, source: str, profile: str) -> Draft:
    """The profile's own example as a mapping file of this source."""
    return Draft(starter_text(source, profile, public=bool(settings.public_url)))


def events_in(settings: Settings, source: str, profile: str | None, request: Request) -> tuple[Event, ...]:
    """A webhook's events as a draft of this source reads them, for a person to choose in.

    Raises DocumentError where it cannot be read so.
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
    """A mapping file with one rule, and a webhook as the sample of its passing test.

    The rule is what a person chose, or else guessed of the `stored` event, or of the webhook's first; FILL_IN
    marks what is not known. Without a profile the generic one is taken that reads the webhook. None of the
    `secrets` gets into it. Raises DocumentError where none does, UsageError where no rule can be made of the
    choices.
    """
    outline = outlined(chosen) if chosen else None
    begun = _begin(settings, source, profile, request, outline, secrets)
    name = f"samples/{source}.{begun.sample.ending}" if begun.sample.raw is not None else ""
    test = example_text(begun.sample, name)
    if outline is None:
        at = _place(begun.compiled().source.events(request, 0), stored)
        outline = guess(_run(begun.compiled(test), begun.sample).events[at])
    rule = partial(rule_text, outline, sure=chosen is not None)
    compiled = begun.compiled(f"\n{rule(unknown=STAND_IN)}\n{test}")
    result = _run(compiled, begun.sample)
    if chosen is not None and not result.starts:
        raise UsageError(Reason(MappingCode.STARTS_NOTHING, why=_why(compiled, result)))
    text = rewritten(f"{begun.head}\n{rule()}\n{test}", result, compiled.account, outline.unknown)
    return Draft(text, name, begun.sample.raw)


def _place(events: tuple[Event, ...], stored: Event | None) -> int:
    """Which of a webhook's events the stored one is."""
    same = same_event(stored, events) if stored else None
    return events.index(same) if same else 0


def _begin(
    settings: Settings,
    source: str,
    profile: str | None,
    request: Request,
    outline: Guess | None = None,
    secrets: Collection[str] = (),
) -> _Begun:
    path = Path(settings.mappings) / f"{source}.yml"
    head = head_text(source, profile or kind_of(request), public=bool(settings.public_url))
    asked = outline.when if outline else ()
    kept = {value if isinstance(value, str) else to_json(value) for _, value in asked}
    sample = sample_of(request, _compiled(settings, path, head).source, kept, secrets)
    if profile is None or profile in GENERIC:
        head += identity_text(sample)
    return _Begun(settings, path, head, sample)


def _compiled(settings: Settings, path: Path, text: str) -> MappingFile:
    alone = compile_alone(settings, str(path), runnable(text).encode())
    if alone.mapping is None:
        wrong = next(one.reason for one in alone.findings if one.is_error)
        raise BridgeError(
            Reason(MappingCode.CANNOT_BEGIN, path=str(path), why=wrong), Reason(MappingCode.CHECK_SHOWS)
        )
    return alone.mapping


def _run(mapping: MappingFile, sample: Sample) -> Result:
    return run_example(mapping, mapping.tests[0], lambda _: sample.raw or b"")


def _why(mapping: MappingFile, result: Result) -> Reason:
    """Why the only rule did not start anything."""
    lacks = [lack(one) for one in result.failures]
    unmet = [verdict_reason(verdict, event) for event in result.events for verdict in judge(mapping, event)]
    return (lacks or unmet)[0]
