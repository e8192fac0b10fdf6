"""Writes the parts of a drafted mapping file, with comments for its author."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bridge.jsonpath.exact_numbers import to_json
from bridge.language.placeholder import FILL_IN
from bridge.mapping.author.infer_rule import RuleOutline, infer_identity, scalar
from bridge.operations.authoring.sample import FORM, Sample
from bridge.webhook.profiles import load_profiles

SCHEMA = "mapping.schema.json"
"""JSON Schema file in the mapping folder: editors complete and check keys with it."""
GENERIC = ("json", "form", "query")
"""Profiles of a format instead of a sending system."""

_MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"
STAND_IN = "1"
"""Replaces FILL_IN while the draft's test is run."""
_OPEN_URL = f"public_url: {FILL_IN}"
_UNKNOWN = {
    "bot_id": "the id of the bot to start, as LeadConverter shows it",
    "subscriber_id": "the path of the subscriber's id in the webhook, or {value: 778899} for one person",
    "user_id": "the path of the person's id in the messenger",
    "channel_id": "the id of the messenger channel, as LeadConverter shows it",
}


def starter_text(source: str, profile: str, *, public: bool) -> str:
    """The profile's example with this source's name. `public`: the bridge knows its public URL."""
    text = re.sub(
        r"(?m)^source: .*$", f"source: {source}", str(load_profiles()[profile].about["starter"]), count=1
    )
    return _MODELINE + (re.sub(rf"(?m)^{_OPEN_URL}.*\n", "", text) if public else text)


def head_text(source: str, profile: str, *, public: bool) -> str:
    """The lines above the rules: for a generic profile written here, otherwise those of its example."""
    if profile not in GENERIC:
        return starter_text(source, profile, public=public).partition("\nrules:")[0].rstrip() + "\n"
    secret = re.sub(r"\W", "_", source).upper()
    return (
        f"{_MODELINE}source: {source}   # webhooks go to https://YOUR-HOST/hooks/{source}\n"
        f"profile: {profile}\n"
        f"secret: ${{{secret}_TOKEN}}   # the sender shows it as leadbridge profiles show {profile} says\n"
    )


def runnable(text: str) -> str:
    """The text with a made-up URL instead of FILL_IN, so that webhooks can be read."""
    return text.replace(_OPEN_URL, "public_url: https://example.com")


def identity_text(sample: Sample) -> str:
    """The `event:` key, inferred from the sample; a comment about it if nothing is found."""
    number, kind = infer_identity(sample.document)
    if number is None and kind is None:
        return "# event: {id: …, type: …} would identify each event\n"
    lines = ["event:"]
    lines += [f"  id: {scalar(number)}   # repeats of it are recognised"] if number else []
    lines += [f"  type: {scalar(kind)}"] if kind else []
    return "\n".join(lines) + "\n"


def rule_text(outline: RuleOutline, *, sure: bool, unknown: str = FILL_IN) -> str:
    """The rule. Unless `sure`, because a person chose the values, it is a shadow rule.

    `unknown` is written in place of missing values.
    """
    shadow = "    shadow: true   # recorded, never sent: remove this line once the recipient is right\n"
    return "\n".join(_rule(outline, unknown, sure=sure)) + "\n" + ("" if sure else shadow)


def example_text(sample: Sample, name: str) -> str:
    """The test, which expects nothing yet. `name` is the file of the sample, empty if there is none."""
    return "\n".join(_test(sample, name))


def _rule(outline: RuleOutline, unknown: str, *, sure: bool) -> Iterator[str]:
    yield "rules:"
    yield "  - name: first rule"
    if outline.when:
        yield "    when:   # all of it must hold"
        yield from (f"      {scalar(path)}: {scalar(value)}" for path, value in outline.when)
    yield "    start:"
    if outline.bot_id is not None:
        yield f"      bot_id: {outline.bot_id}"
    doubt = "" if sure else "   # is it the right id?"
    yield from (f"      {key}: {scalar(path)}{doubt}" for key, path in outline.recipient)
    yield from (f"      {key}: {{value: {to_json(value)}}}" for key, value in outline.fixed)
    yield from (f"      {key}: {unknown}   # {_UNKNOWN[key]}" for key in outline.unknown)
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
