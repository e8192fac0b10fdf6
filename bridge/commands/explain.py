"""`leadbridge explain`: one event's story."""

from __future__ import annotations

from collections.abc import Mapping

import click

from bridge.commands.mappings import accounts_of, compile_named
from bridge.commands.opening import opened
from bridge.commands.output import document_lines, json_text, screen_of
from bridge.commands.records import story_record
from bridge.commands.story import read_story, told
from bridge.errors import BridgeError
from bridge.model import Account
from bridge.settings import Settings


def explain(settings: Settings, number: int, *, document: bool, as_json: bool) -> int:
    """Print the story of an event, with `document` also what the rules saw."""
    with opened(settings) as store:
        story = read_story(store, number)
    accounts = known_accounts(settings)
    if as_json:
        click.echo(json_text(story_record(story, accounts)))
        return 0
    for line in told(story, accounts, screen_of(settings)):
        click.echo(line)
    if document and story.stored.event:
        click.echo("\nthe document, as the rules saw it:")
        for line in document_lines(story.stored.event.document):
            click.echo(f"  {line}")
    return 0


def known_accounts(settings: Settings) -> Mapping[str, Account]:
    """The accounts of the mapping folder; none where it cannot be read, since a story needs no mappings."""
    try:
        return accounts_of(settings, compile_named(settings, []))
    except BridgeError:
        return {}
