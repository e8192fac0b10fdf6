"""`leadbridge explain`: one event's story."""

from __future__ import annotations

from collections.abc import Mapping

import click

from bridge.commands.opening import opened
from bridge.commands.output import screen_of
from bridge.commands.rest import rest_lines, rule_lines
from bridge.commands.story import told
from bridge.errors import BridgeError
from bridge.mapping.compile.compiler import Compiled
from bridge.model import Account
from bridge.operations.answers import questions_about
from bridge.operations.as_json import story_record
from bridge.operations.mapping_files import accounts_of, compile_named
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_event
from bridge.operations.reevaluate import held_again, rest_of
from bridge.operations.repeats import lacks_id
from bridge.operations.story import read_story
from bridge.operations.words import document_lines, json_text
from bridge.settings import Settings


def explain(settings: Settings, number: int, *, rule: str | None, document: bool, as_json: bool) -> int:
    """Print the story of an event, with `document` also what the rules saw; of one `rule` only all of it."""
    compiled = known(settings)
    accounts = accounts_of(settings, compiled)
    with opened(settings) as store:
        story = read_story(store, number)
        with store.read() as connection:
            calls = {one.call.id for one in story.calls}
            asked = questions_about(connection, calls, accounts, compiled.sources)
    came, hidden = story.stored, of_event(story.stored, compiled.sources)
    story = shown(hidden, story)
    screen = screen_of(settings)
    if as_json:
        click.echo(json_text(story_record(story, accounts)))
        return 0
    if rule is not None:
        lines = rule_lines(shown(hidden, held_again(came, compiled.sources, rule)), screen)
    else:
        rest = shown(hidden, rest_of(came, compiled.sources))
        more = rest_lines(rest, story.stored.event, screen) if rest else ()
        lines = told(story, accounts, screen, more, shown(hidden, lacks_id(came, compiled.sources)), asked)
    for line in lines:
        click.echo(line)
    if document and story.stored.event:
        click.echo("\nthe document, as the rules saw it:")
        for line in document_lines(story.stored.event.document):
            click.echo(f"  {line}")
    return 0


def known_accounts(settings: Settings) -> Mapping[str, Account]:
    """The accounts of the mapping folder; none where it cannot be read."""
    return accounts_of(settings, known(settings))


def known(settings: Settings) -> Compiled:
    """The mapping folder; empty where it cannot be read, since a story needs no mappings."""
    try:
        return compile_named(settings, [])
    except BridgeError:
        return Compiled()
