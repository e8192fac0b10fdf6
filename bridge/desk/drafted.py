"""The text of a mapping file to begin with, part by part, for its author to read and to correct."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bridge.desk.sampling import FORM, Sample
from bridge.language.numbers import to_json
from bridge.mapping.guess import Guess, guess_identity, scalar
from bridge.webhook.profiles import load_profiles

SCHEMA = "mapping.schema.json"
"""The file beside mapping files from which editors know their keys."""
GENERIC = ("json", "form", "query")
"""Profiles of a format, not of a system."""

_MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"
_FIRST = 1
"""The bot and the subscriber that stand for those that are not known."""


def starter_text(source: str, profile: str) -> str:
    """The profile's own example under this source's name."""
    text = str(load_profiles()[profile].about["starter"])
    return _MODELINE + re.sub(r"(?m)^source: .*$", f"source: {source}", text, count=1)


def head_text(source: str, profile: str) -> str:
    """What stands above the rules: of a generic profile its own lines, of another those of its starter."""
    if profile not in GENERIC:
        return starter_text(source, profile).partition("\nrules:")[0].rstrip() + "\n"
    secret = re.sub(r"\W", "_", source).upper()
    return (
        f"{_MODELINE}source: {source}   # webhooks go to https://YOUR-HOST/hooks/{source}\n"
        f"profile: {profile}\n"
        f"secret: ${{{secret}_TOKEN}}   # the sender shows it as leadbridge profiles show {profile} says\n"
    )


def identity_text(sample: Sample) -> str:
    """How one event is told from another, where the sample's document seems to say it."""
    number, kind = guess_identity(sample.document)
    if number is None and kind is None:
        return "# event: {id: …, type: …} would name what tells one event from another\n"
    lines = ["event:"]
    lines += [f"  id: {scalar(number)}   # repeats of it are recognised"] if number else []
    lines += [f"  type: {scalar(kind)}"] if kind else []
    return "\n".join(lines) + "\n"


def rule_text(outline: Guess, *, sure: bool, bot_id: int | None = None) -> str:
    """The one rule; `sure` where a person chose its values. Without the bot it is a shadow."""
    bot = f"{_FIRST}   # the id of your bot" if bot_id is None else str(bot_id)
    shadow = "    shadow: true   # recorded, never sent: remove this line once bot and recipient are right\n"
    return "\n".join(_rule(outline, bot, sure=sure)) + "\n" + (shadow if bot_id is None else "")


def example_text(sample: Sample, name: str) -> str:
    """The one test, which expects nothing yet; `name` is that of the file with the sample, empty for none."""
    return "\n".join(_test(sample, name))


def _rule(outline: Guess, bot: str, *, sure: bool) -> Iterator[str]:
    yield "rules:"
    yield "  - name: first rule"
    if outline.when:
        yield "    when:   # all of it must hold"
        yield from (f"      {scalar(path)}: {scalar(value)}" for path, value in outline.when)
    yield "    start:"
    yield f"      bot_id: {bot}"
    doubt = "" if sure else "   # is it the right id?"
    yield from (f"      {key}: {scalar(path)}{doubt}" for key, path in outline.recipient)
    if not outline.recipient:
        doubt = "" if sure else "nothing in the sample looks like it: "
        yield f"      subscriber_id: {_FIRST}   # {doubt}give its path"
    if outline.variables:
        yield "      variables:"
        yield from (f"        {scalar(name)}: {scalar(path)}" for name, path in outline.variables)


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
