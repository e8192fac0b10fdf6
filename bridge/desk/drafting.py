"""A mapping file to begin with, from a profile or from a webhook that came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.desk.files import compile_alone
from bridge.desk.sampling import FORM, Sample, kind_of, sample_of
from bridge.errors import BridgeError, UsageError
from bridge.language.numbers import to_json
from bridge.language.schema import suggestion
from bridge.mapping.examples import Result, run_example
from bridge.mapping.guess import Guess, guess, guess_identity, scalar
from bridge.mapping.rewriting import rewritten
from bridge.mapping.rules import MappingFile
from bridge.model import Request
from bridge.settings import Settings
from bridge.webhook.profiles import load_profiles

SCHEMA = "mapping.schema.json"
_MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"
_GENERIC = ("json", "form", "query")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FIRST = 1
"""The bot and the subscriber that stand for those that are not known."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping file to begin with: its text, and the sample beside it. Nothing is written yet."""

    text: str
    sample_name: str = ""
    """Path beside the mapping file; empty where the test holds the document itself."""
    sample: bytes | None = None


def check_names(source: str, profile: str | None) -> None:
    """Raise UsageError where no source can be called so, or no profile is."""
    if not _NAME.fullmatch(source):
        raise UsageError(f'a source is part of a URL: expected letters, digits, - and _, found "{source}"')
    known = list(load_profiles())
    if profile is not None and profile not in known:
        raise UsageError(
            f'no profile is called "{profile}"{suggestion(profile, known)}', "leadbridge profiles lists them"
        )


def starter(source: str, profile: str) -> Draft:
    """The profile's own example as a mapping file of this source."""
    return Draft(_starter(source, profile))


def _starter(source: str, profile: str) -> str:
    text = str(load_profiles()[profile].about["starter"])
    return _MODELINE + re.sub(r"(?m)^source: .*$", f"source: {source}", text, count=1)


def draft(settings: Settings, source: str, profile: str | None, request: Request) -> Draft:
    """A mapping file with a rule guessed from a webhook, which becomes the sample of its passing test.

    Without a profile the generic one is taken that reads the webhook. Raises DocumentError where none does.
    """
    path = Path(settings.mappings) / f"{source}.yml"
    head = _head(source, profile or kind_of(request))
    sample = sample_of(request, _compiled(settings, path, head).source)
    if profile is None or profile in _GENERIC:
        head = _identified(head, sample)
    return _with_rules(settings, path, head, sample)


def _head(source: str, profile: str) -> str:
    """What stands above the rules: of a generic profile its own lines, of another those of its starter."""
    if profile not in _GENERIC:
        return _starter(source, profile).partition("\nrules:")[0].rstrip() + "\n"
    secret = re.sub(r"\W", "_", source).upper()
    return (
        f"{_MODELINE}source: {source}   # webhooks go to https://YOUR-HOST/hooks/{source}\n"
        f"profile: {profile}\n"
        f"secret: ${{{secret}_TOKEN}}   # the sender shows it as leadbridge profiles show {profile} says\n"
    )


def _identified(head: str, sample: Sample) -> str:
    number, kind = guess_identity(sample.document)
    if number is None and kind is None:
        return head + "# event: {id: …, type: …} would name what tells one event from another\n"
    lines = ["event:"]
    lines += [f"  id: {scalar(number)}   # repeats of it are recognised"] if number else []
    lines += [f"  type: {scalar(kind)}"] if kind else []
    return head + "\n".join(lines) + "\n"


def _compiled(settings: Settings, path: Path, text: str) -> MappingFile:
    mapping = compile_alone(settings, str(path), text.encode()).mapping
    if mapping is None:
        raise BridgeError(f"no mapping file can be begun for {path}", "leadbridge check tells what is wrong")
    return mapping


def _with_rules(settings: Settings, path: Path, head: str, sample: Sample) -> Draft:
    """The whole file: its test expects what the rule makes of the sample, as a run of it shows."""
    name = f"samples/{path.stem}.{sample.ending}" if sample.raw is not None else ""
    test = "\n".join(_test(sample, name))
    events = _run(_compiled(settings, path, f"{head}{test}"), sample).events
    text = f"{head}\n" + "\n".join(_rule(guess(events[0]))) + f"\n\n{test}"
    compiled = _compiled(settings, path, text)
    result = _run(compiled, sample)
    return Draft(rewritten(text, result, compiled.account), name, sample.raw)


def _run(mapping: MappingFile, sample: Sample) -> Result:
    return run_example(mapping, mapping.tests[0], lambda _: sample.raw or b"")


def _rule(guessed: Guess) -> Iterator[str]:
    yield "rules:"
    yield "  - name: first rule"
    if guessed.when:
        yield "    when:   # all of it must hold"
        yield from (f"      {scalar(path)}: {scalar(value)}" for path, value in guessed.when)
    yield "    start:"
    yield f"      bot_id: {_FIRST}   # the id of your bot"
    if guessed.subscriber:
        yield f"      subscriber_id: {scalar(guessed.subscriber)}   # is it the right id?"
    else:
        yield f"      subscriber_id: {_FIRST}   # nothing in the sample looks like it: give its path"
    if guessed.variables:
        yield "      variables:"
        yield from (f"        {name}: {scalar(path)}" for name, path in guessed.variables)
    yield "    shadow: true   # recorded, never sent: remove this line once bot and recipient are right"


def _test(sample: Sample, name: str) -> Iterator[str]:
    yield "tests:"
    yield "  - name: the sample starts the bot"
    yield f"    file: {name}" if name else f"    body: {to_json(sample.document)}"
    headers = dict(sample.headers)
    if name.endswith(".form"):
        headers.setdefault("content-type", FORM)
    if headers:
        yield f"    headers: {to_json(headers)}"
    if sample.query:
        yield f"    query: {to_json(sample.query)}"
    yield "    expect: []\n"
