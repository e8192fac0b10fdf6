"""`leadbridge backtest`: compare the bot starts of edited rules, for stored events. It sends nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import click

from bridge.commands.access import opened
from bridge.commands.options import WHEN, as_json, files, quiet
from bridge.commands.show.language import said
from bridge.commands.show.output import OPTION, Screen, printable, say, screen_of, table
from bridge.language.functions.base import quote, shown_number
from bridge.mapping.author.backtest import Backtest, Example, Tally
from bridge.mapping.author.differences import KINDS, Change, Kind
from bridge.mapping.author.errand_play import FATES
from bridge.mapping.author.examples import facts
from bridge.model import BotStart, Failure, Json
from bridge.operations.authoring import backtest as operation
from bridge.operations.authoring.backtest import Mappings, Sides
from bridge.operations.authoring.mapping_files import compile_named, require_valid, unknown_source
from bridge.operations.filters import AskedEvents
from bridge.operations.redact_stored import shown_backtest
from bridge.operations.words import json_text
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.text.render import english

Against: TypeAlias = Literal["rules", "calls"]

HEADERS = (
    Reason(ExplainCode.COLUMN_SOURCE),
    Reason(ExplainCode.COLUMN_RULE),
    Reason(ExplainCode.COLUMN_STARTS),
    Reason(ExplainCode.COLUMN_NOW),
    Reason(ExplainCode.COLUMN_GAINED),
    Reason(ExplainCode.COLUMN_LOST),
    Reason(ExplainCode.COLUMN_CHANGED),
    Reason(ExplainCode.COLUMN_FAILED),
    Reason(ExplainCode.COLUMN_HEALED),
)
_COLORS: dict[Kind, str] = {
    "gained": "green",
    "lost": "red",
    "changed": "yellow",
    "failed": "red",
    "healed": "green",
}
_HEADS: dict[Kind, ExplainCode] = {
    "gained": ExplainCode.GAINED,
    "lost": ExplainCode.LOST,
    "changed": ExplainCode.CHANGED,
    "failed": ExplainCode.NEWLY_FAILED,
    "healed": ExplainCode.HEALED,
}


def _kinds(_context: click.Context, _option: click.Parameter, value: str | None) -> frozenset[Kind]:
    words = [word.strip() for word in value.split(",")] if value else []
    kinds = frozenset(kind for kind in KINDS if kind in words)
    if unknown := [word for word in words if word not in KINDS]:
        raise click.BadParameter(f'"{unknown[0]}" is not one of {", ".join(KINDS)}')
    return kinds


@click.command()
@files
@click.option(
    "--since", metavar="WHEN", default="7d", show_default=True, help=f"Events from then on: {WHEN}."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Only the newest ones.",
)
@click.option("--source", help="Only of this source.")
@click.option(
    "--against",
    type=click.Choice(("rules", "calls")),
    help="Compare with the rules of the mapping folder, or with the calls made (the default without FILES).",
)
@click.option(
    "--fail-on",
    "fail_on",
    metavar="KINDS",
    callback=_kinds,
    help="Exit code 1 if there is any of these, such as lost,failed.",
)
@as_json
def backtest(files: tuple[str, ...], as_json: bool, **how: Any) -> int:
    """Run stored events through edited mapping files and show which bot starts are gained, lost or changed.

    FILES and folders are the edited ones; they need not be deployed. Without FILES, the mapping folder is
    compared with the calls that were made. Events are used as they were decoded on arrival. Nothing is sent
    or stored.

    The kinds: gained, lost and changed starts, failed and healed rules.

    Starts that are due later, and errands that end, are played in the order of receipt: how many would have
    waited, been replaced or been cancelled is shown apart.

    Keys of --json: events, differing, total, rules. Of total and each rule: before and after (starts), one
    for each kind, keys (how many starts changed in which), fates (waited, replaced, kept, cancelled, marked,
    late); of a rule also source, rule and examples, each with kind, event, key (the sender's own id), item,
    why, changes, before, after.

    \b
    Example:
      leadbridge backtest edited/yookassa.yml --since 7d --fail-on lost,failed
    """
    return backtest_files(quiet(), files, How(**how), as_json=as_json)


@dataclass(frozen=True, slots=True)
class How:
    """Which events are used, what is compared, and which differences fail."""

    source: str | None = None
    since: str = "7d"
    limit: int = 100_000
    """The newest events."""
    against: Against | None = None
    """None: the current rules if files are named, else the calls."""
    fail_on: frozenset[Kind] = frozenset()


def backtest_files(settings: Settings, files: Sequence[str], how: How, *, as_json: bool) -> int:
    """Print which starts of the named files, or of the mapping folder, differ; return 1 for `fail_on`.

    They are compared with the rules of the mapping folder, or with the calls that were made.
    """
    edited = _chosen(require_valid(compile_named(settings, files), files).sources, how.source)
    by_rules = (how.against or ("rules" if files else "calls")) == "rules"
    current = require_valid(compile_named(settings, ())).sources if by_rules else None
    sides = Sides(edited, current)
    began = time.monotonic()
    with opened(settings) as store:
        with store.read() as connection:
            wanted = AskedEvents(source=how.source, since=how.since).at(store.now(connection), OPTION)
        found = operation.run(store, wanted, how.limit, sides)
        with store.read() as connection:
            found = shown_backtest(connection, found, current or edited)
    took = time.monotonic() - began
    if as_json:
        click.echo(json_text(_as_json(found)))
    else:
        for line in _lines(found, screen_of(settings)):
            click.echo(line)
    same = Reason(ExplainCode.SAME_FILES) if sides.same else None
    many = shown_number(found.differing)
    compared = Reason(ExplainCode.COMPARED, count=found.events, differing=many, took=f"{took:.1f}", same=same)
    say(printable(said(compared)))
    return 1 if any(found.total.kinds[kind] for kind in how.fail_on) else 0


def _chosen(edited: Mappings, source: str | None) -> Mappings:
    if source is None:
        return edited
    if source not in edited:
        raise unknown_source(source, edited)
    return {source: edited[source]}


def _lines(found: Backtest, screen: Screen) -> Iterator[str]:
    """A table of all rules with differences, the total, examples of each difference, then what waits."""
    if found.differing:
        yield from _differences(found, screen)
    else:
        same = Reason(ExplainCode.SAME_STARTS, count=found.total.after)
        yield printable(said(same if found.events else Reason(ExplainCode.NO_EVENT_FITS)))
    waiting = [(key, tally) for key, tally in found.tallies.items() if tally.fates]
    if waiting:
        yield from ("", said(Reason(ExplainCode.FATES_HEAD)))
    for (source, rule), tally in waiting:
        line = Reason(
            ExplainCode.FATES, source=source, rule=rule, fates=tally.fate_reasons, count=tally.after
        )
        yield f"    {printable(said(line))}"


def _differences(found: Backtest, screen: Screen) -> Iterator[str]:
    touched = {key: tally for key, tally in found.tallies.items() if tally.kinds}
    rows = [(source, rule, *_figures(tally)) for (source, rule), tally in touched.items()]
    total = ("", said(Reason(ExplainCode.ALL_RULES)), *_figures(found.total))
    yield from table([*map(said, HEADERS)], [*rows, total], screen.width)
    for (source, rule), tally in touched.items():
        for kind in KINDS:
            if tally.kinds[kind]:
                yield ""
                yield from _kind(f"{source}: {rule}", kind, tally, screen)


def _figures(tally: Tally) -> list[str]:
    figures = [tally.before, tally.after, *(tally.kinds[kind] for kind in KINDS)]
    return [f"{figure:,}" if figure else "-" for figure in figures]


def _kind(rule: str, kind: Kind, tally: Tally, screen: Screen) -> Iterator[str]:
    head = printable(said(Reason(_HEADS[kind], count=tally.kinds[kind])))
    found = tally.keys.most_common() if kind == "changed" else ()
    changed = tuple(Reason(ExplainCode.CHANGED_KEY, key=key, count=many) for key, many in found)
    keys = said(Reason(ExplainCode.CHANGED_KEYS, keys=changed)) if changed else ""
    yield f"{screen.paint(head, _COLORS[kind])}{printable(keys)}, {printable(rule)}"
    for example in tally.examples[kind]:
        yield f"    {printable(said(_example(example)))}"


def _example(example: Example) -> Reason:
    more = _more(example)
    if not more:
        return Reason(ExplainCode.EXAMPLE, number=example.event, key=example.key)
    return Reason(ExplainCode.EXAMPLE_MORE, number=example.event, key=example.key, more=more)


def _more(example: Example) -> tuple[Reason, ...]:
    difference = example.difference
    if difference.changes:
        return tuple(map(_change, difference.changes))
    if example.why:
        return (example.why,)
    shown = difference.after or difference.before
    if isinstance(shown, BotStart):
        return (Reason(ExplainCode.BOT_FOR, bot=shown.bot_id, recipient=shown.recipient.key),)
    return ()


def _change(change: Change) -> Reason:
    before, after = _side_of(change.before), _side_of(change.after)
    return Reason(ExplainCode.CHANGE, key=change.key, before=before, after=after)


def _side_of(text: str | None) -> str | Reason:
    return Reason(ExplainCode.NO_VALUE) if text is None else quote(text)


def _as_json(found: Backtest) -> dict[str, Json]:
    """The whole result; its keys stay as they are."""
    return {
        "events": found.events,
        "differing": found.differing,
        "total": _counts(found.total),
        "rules": [
            {"source": source, "rule": rule, **_counts(tally), "examples": _examples(tally)}
            for (source, rule), tally in found.tallies.items()
        ],
    }


def _counts(tally: Tally) -> dict[str, Json]:
    kinds: dict[str, Json] = {kind: tally.kinds[kind] for kind in KINDS}
    fates: dict[str, Json] = {fate: tally.fates[fate] for fate in FATES}
    return {"before": tally.before, "after": tally.after, **kinds, "keys": dict(tally.keys), "fates": fates}


def _examples(tally: Tally) -> list[Json]:
    return [_record(example) for kind in KINDS for example in tally.examples[kind]]


def _record(example: Example) -> dict[str, Json]:
    difference = example.difference
    return {
        "kind": difference.kind,
        "event": example.event,
        "key": example.key,
        "item": difference.item,
        "why": english(example.why),
        "changes": [{"key": one.key, "before": one.before, "after": one.after} for one in difference.changes],
        "before": _side(difference.before),
        "after": _side(difference.after),
    }


def _side(one: BotStart | Failure | None) -> Json:
    if isinstance(one, Failure):
        return {"rule": one.rule, "key": one.key, "path": one.path, "message": one.message}
    return None if one is None else facts(one)
