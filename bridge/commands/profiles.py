"""`leadbridge profiles`: list or show the built-in source definitions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click

from bridge.commands.options import as_json, quiet
from bridge.commands.show.language import said
from bridge.commands.show.lists import print_table
from bridge.commands.show.output import json_array, printable, screen_of
from bridge.did_you_mean import suggestion
from bridge.errors import UsageError
from bridge.language.keys_source import ABOUT
from bridge.model import Json
from bridge.operations.words import json_text
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.webhook.profiles import Profile, load_profiles

_HEADINGS = {
    "setup": MappingCode.PROFILE_SETUP,
    "method": MappingCode.PROFILE_METHOD,
    "secret": MappingCode.PROFILE_SECRET,
    "events": MappingCode.PROFILE_EVENTS,
    "verified": MappingCode.PROFILE_VERIFIED,
    "retries": MappingCode.PROFILE_RETRIES,
    "own_ids": MappingCode.PROFILE_OWN_IDS,
    "traps": MappingCode.PROFILE_TRAPS,
    "unverified": MappingCode.PROFILE_UNVERIFIED,
}
HEADERS = (
    Reason(MappingCode.HEAD_PROFILE),
    Reason(MappingCode.HEAD_SYSTEM),
    Reason(MappingCode.HEAD_SENDS),
)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def profiles(context: click.Context, as_json: bool) -> int:
    """List the built-in source definitions, which `profile:` of a mapping file can name.

    Keys of --json: name and those of `profiles show NAME --json`.

    \b
    Example:
      leadbridge profiles show yookassa
    """
    if context.invoked_subcommand is None:
        return list_profiles(quiet(), as_json=as_json)
    return 0


@profiles.command("show")
@click.argument("name")
@as_json
def show_profile(name: str, as_json: bool) -> int:
    """Show a profile: what to set at the vendor, what is verified, and a first mapping file.

    \b
    Example:
      leadbridge profiles show stripe
    """
    return print_profile(name, as_json=as_json)


def list_profiles(settings: Settings, *, as_json: bool) -> int:
    """Print a table, or a JSON array, of all profiles."""
    known = load_profiles().values()
    if as_json:
        click.echo(json_array(_facts(profile) for profile in known))
        return 0
    rows = [(one.name, one.title, one.about["summary"]) for one in known]
    print_table(HEADERS, rows, screen_of(settings))
    return 0


def print_profile(name: str, *, as_json: bool) -> int:
    """Print one profile: its facts and a first mapping file."""
    known = load_profiles()
    if name not in known:
        unknown = Reason(MappingCode.NO_PROFILE, name=name, hint=suggestion(name, list(known)))
        raise UsageError(unknown, Reason(ErrorCode.THERE_ARE, names=tuple(known)))
    if as_json:
        click.echo(json_text(_facts(known[name])))
        return 0
    for line in _lines(known[name]):
        click.echo(line)
    return 0


def _facts(profile: Profile) -> dict[str, Json]:
    about = ((key.name, profile.about[key.name]) for key in ABOUT.keys)
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in about}
    return {"name": profile.name, **plain}


def _lines(profile: Profile) -> Iterator[str]:
    about = profile.about
    yield f"{profile.name}: {profile.title}"
    yield about["summary"]
    for key, heading in _HEADINGS.items():
        value = about[key]
        if value:
            yield from ("", f"{said(Reason(heading))}:", *_paragraphs(value, numbered=key == "setup"))
    yield from ("", f"{said(Reason(MappingCode.PROFILE_STARTER))}:", "")
    yield from (printable(line) for line in about["starter"].rstrip().split("\n"))


def _paragraphs(value: str | Sequence[str], *, numbered: bool) -> Iterator[str]:
    items = [value] if isinstance(value, str) else value
    for number, item in enumerate(items, 1):
        bullet = "  " if isinstance(value, str) else f"  {number}. " if numbered else "  - "
        yield from textwrap.wrap(item, 100, initial_indent=bullet, subsequent_indent=" " * len(bullet))
