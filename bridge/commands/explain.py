"""`leadbridge explain`: show the history of one event."""

from __future__ import annotations

from collections.abc import Iterator

import click

from bridge.commands.access import mappings_if_readable, opened
from bridge.commands.options import as_json, quiet
from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, printable, screen_of
from bridge.commands.show.story import story_lines
from bridge.commands.show.verdict_lines import condition_line, evaluation_lines
from bridge.mapping.author.explain import verdict_reason
from bridge.model import Event
from bridge.operations.answers import questions_about
from bridge.operations.as_json import story_record
from bridge.operations.authoring.mapping_files import accounts_of
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_event
from bridge.operations.reevaluate import OmittedRules, Reevaluation, omitted_rules, reevaluate
from bridge.operations.repeats import lacks_id
from bridge.operations.story import read_story
from bridge.operations.words import document_lines, json_text
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings

_NEARNESS = {
    "matched": ExplainCode.MATCHES,
    "nearly": ExplainCode.NEARLY_MATCHES,
    "not": ExplainCode.DOES_NOT_MATCH,
}


@click.command()
@click.argument("event", type=click.IntRange(1))
@click.option("--rule", metavar="NAME", help="Show only this rule as it is now, with all its conditions.")
@click.option("--document", is_flag=True, help="Show the document that the rules were applied to, too.")
@as_json
def explain(event: int, rule: str | None, document: bool, as_json: bool) -> int:
    """Show the history of EVENT: how it arrived, why each rule matched or not, its calls and their answers.

    If a source has more than 50 rules, only those are listed that matched or almost matched; --rule shows
    any other.

    Keys of --json: those of an event of `leadbridge events`, rules_version, document, rules_untold (how many
    rules are not listed), rules, failures, calls (each with its request and attempts, and cancelled_by: the
    events that cancelled it, or tried to), cancels (the keys that it cancelled, each with its effects on
    calls: cancelled, too_late, not_resent), actions, repeated (the last repeats, each as in `leadbridge
    events --repeats`).

    \b
    Example:
      leadbridge explain 12
    """
    return show_history(quiet(), event, rule=rule, document=document, as_json=as_json)


def show_history(settings: Settings, number: int, *, rule: str | None, document: bool, as_json: bool) -> int:
    """Print the history of an event, with `document` its document, too; with `rule` only that rule."""
    compiled = mappings_if_readable(settings)
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
        lines = _rule_lines(shown(hidden, reevaluate(came, compiled.sources, rule)), screen)
    else:
        rest = shown(hidden, omitted_rules(came, compiled.sources))
        more = _rest_lines(rest, story.stored.event, screen) if rest else ()
        lacks = shown(hidden, lacks_id(came, compiled.sources))
        lines = story_lines(story, accounts, screen, more, lacks, asked)
    for line in lines:
        click.echo(line)
    if document and story.stored.event:
        click.echo(f"\n{said(Reason(ExplainCode.DOCUMENT))}")
        for line in document_lines(story.stored.event.document):
            click.echo(f"  {line}")
    return 0


def _rest_lines(rest: OmittedRules, event: Event | None, screen: Screen) -> Iterator[str]:
    """How many rules have no stored verdict, and those of them that almost match."""
    yield f"· {printable(said(Reason(ExplainCode.MORE_RULES, count=rest.count)))}"
    if not rest.known:
        yield f"    {said(Reason(ExplainCode.NOT_KNOWN_WHY))}"
    if rest.near and rest.changed:
        yield f"  {said(Reason(ExplainCode.RULES_CHANGED))}"
    for verdict in rest.near:
        why = said(Reason(ExplainCode.NEARLY, why=verdict_reason(verdict, event)))
        yield f"{screen.paint(f'≈ {printable(verdict.rule)}', 'yellow')}: {printable(why)}"
        yield f"    {condition_line(verdict)}"


def _rule_lines(held: Reevaluation, screen: Screen) -> Iterator[str]:
    """One rule with all of its conditions."""
    one = held.evaluation
    changed = Reason(ExplainCode.RULE_CHANGED) if held.changed else None
    nearness, place = Reason(_NEARNESS[one.nearness]), f"{held.file}:{one.line}"
    head = Reason(ExplainCode.RULE_OF, rule=one.rule, place=place, changed=changed, nearness=nearness)
    yield printable(said(head))
    yield from evaluation_lines(one, screen)
