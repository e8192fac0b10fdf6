"""Generates docs/senders/: an index, and a page for each profile. `make docs` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.webhook.profiles import Profile, load_profiles

PROFILES = Path(__file__).parents[2] / "bridge" / "webhook" / "profiles"
SHOWN = ("split", "event", "dedup", "retry_window")
"""Keys of a profile that define an event and its repeats."""

FACTS = {
    "method": "Method and format",
    "secret": "Where the secret is",
    "events": "Events",
    "verified": "How it is verified",
    "own_ids": "Where to put your own ids",
    "retries": "Retries",
}

WRITTEN = "2026-11-23"
"""The day on which the first profiles were written from what their comments name."""

COMPARED: Mapping[str, tuple[str, str]] = {
    "hubspot": ("signature v3", WRITTEN),
    "hubspot-v1": ("signature v1", WRITTEN),
    "pipedrive": ("webhooks v2", WRITTEN),
    "tbank": ("OpenAPI 1.80", WRITTEN),
}
"""The API version of the last comparison with the vendor's documentation, and its day."""

FREE = ("form", "json", "query")
"""Their fields are chosen by who sets up the sender."""

INDEX = """# Senders

Each built-in [source definition](../sources.md) has a page: how to set the system up, what it sends, how
it is verified, what identifies an event, how often the system retries, and a mapping file to start from.
Write the name in the second column after `profile:`. `leadbridge profiles show NAME` prints the same facts.

If your system has no page, [connect it yourself](../connect-any-system.md).

`make docs` generates these pages from the profiles (`bridge/webhook/profiles/NAME.yml`). To change a
page, edit the profile.

| sender | profile | what it sends |
|---|---|---|"""


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    profiles = load_profiles()
    made = {f"{name}.md": "\n".join(_page(profile)) + "\n" for name, profile in profiles.items()}
    rows = (
        f"| [{one.title}]({one.name}.md) | `{one.name}` | {one.about['summary']} |"
        for one in profiles.values()
    )
    return {"README.md": "\n".join((INDEX, *rows)) + "\n", **made}


def _page(profile: Profile) -> Iterator[str]:
    about = profile.about
    yield from (f"# {profile.title}", "")
    yield from (f"Profile `{profile.name}`: {about['summary']}. [All senders](README.md)", "")
    yield from ("## Set up", "")
    yield from (f"{number}. {step}" for number, step in enumerate(about["setup"], 1))
    yield from ("", "## What it sends", "", "| | |", "|---|---|")
    yield from (f"| {label} | {_cell(about[name] or 'not known')} |" for name, label in FACTS.items())
    yield from ("", "## What identifies an event", "", *_identity(profile.name))
    for name, title in (("traps", "Watch out"), ("unverified", "Not confirmed")):
        if about[name]:
            yield from ("", f"## {title}", "", *(f"- {one}" for one in about[name]))
    yield from ("", "## A mapping file to start from", "", "```yaml", about["starter"].rstrip(), "```")
    yield from ("", "## Compared with the vendor's documentation", "", *_compared(profile.name))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _identity(name: str) -> Iterator[str]:
    keys = _keys(name)
    if "\n  id:" in keys.get("event", ""):
        yield "A webhook with the same id and type within 30 days (within `retry_window`, if that is longer)"
        yield "is a repeat and starts nothing."
        yield "If the id is absent, the event is identified by its body, for as long as `retry_window` says."
    else:
        yield "The profile has no id. If your data contain one, write `event: {id: …}` in your mapping file."
        yield "Without it the event is identified by its body, for as long as `retry_window` says."
    if "retry_window" not in keys:
        yield "The profile sets no `retry_window`, so it is 10 minutes."
    if keys:
        yield from ("", "```yaml", *(keys[key] for key in SHOWN if key in keys), "```")


def _compared(name: str) -> Iterator[str]:
    if name in FREE:
        yield "There is none: the user of the sender chooses the fields."
        return
    yield f"Compared with: {_compared_with(name)}"
    yield ""
    version, day = COMPARED.get(name, ("not recorded", WRITTEN))
    first = ", when the profile was written. Not compared since" if day == WRITTEN else ""
    yield f"API version: {version}. Date: {day}{first}."


def _compared_with(name: str) -> str:
    """What the profile was compared with, from the comment at its top."""
    head = re.sub(r"^# ?", "", _text(name).partition("\nabout:")[0], flags=re.MULTILINE)
    (found,) = re.findall(r"^Compared with: (.+(?:\n.+)*)", head, re.MULTILINE)
    base = _base(name)
    return f"what the profile [{base}]({base}.md) was compared with." if base else " ".join(found.split())


def _keys(name: str) -> dict[str, str]:
    """The text of these keys in the profile's file, or in that of its base profile."""
    text = _text(name).partition("\nabout:")[2]
    blocks = re.finditer(r"^(\w+):.*\n(?: .*\n)*", text, re.MULTILINE)
    own = {block.group(1): block.group().rstrip() for block in blocks if block.group(1) in SHOWN}
    base = _base(name)
    return {**_keys(base), **own} if base else own


def _base(name: str) -> str:
    """The name of the base profile, or an empty text."""
    return "".join(re.findall(r"^profile: (\S+)$", _text(name), re.MULTILINE))


def _text(name: str) -> str:
    return (PROFILES / f"{name}.yml").read_text(encoding="utf-8")
