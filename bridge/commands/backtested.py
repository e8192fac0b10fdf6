"""A backtest for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.commands.language import said
from bridge.commands.output import Screen, printable, table
from bridge.language.functions.base import quote
from bridge.mapping.author.backtest import Backtest, Example, Tally
from bridge.mapping.author.differences import KINDS, Change, Kind
from bridge.mapping.author.examples import facts
from bridge.model import BotStart, Failure, Json
from bridge.operations.words import counted
from bridge.text.render import english

HEADERS = ("SOURCE", "RULE", "STARTS", "NOW", *(kind.upper() for kind in KINDS))
TOTAL = "all rules"

_COLORS: dict[Kind, str] = {
    "gained": "green",
    "lost": "red",
    "changed": "yellow",
    "failed": "red",
    "healed": "green",
}
_WORDS: dict[Kind, str] = {"failed": "rule", "healed": "rule"}


def told(found: Backtest, screen: Screen) -> Iterator[str]:
    """A table of all rules with differences, the total, then examples of each difference."""
    if not found.differing:
        starts = counted(found.total.after, "start")
        yield f"no difference: {starts} as before" if found.events else "no event fits"
        return
    touched = {key: tally for key, tally in found.tallies.items() if tally.kinds}
    rows = [(source, rule, *_figures(tally)) for (source, rule), tally in touched.items()]
    yield from table(HEADERS, [*rows, ("", TOTAL, *_figures(found.total))], screen.width)
    for (source, rule), tally in touched.items():
        for kind in KINDS:
            if tally.kinds[kind]:
                yield ""
                yield from _kind(f"{source}: {rule}", kind, tally, screen)


def _figures(tally: Tally) -> list[str]:
    figures = [tally.before, tally.after, *(tally.kinds[kind] for kind in KINDS)]
    return [f"{figure:,}" if figure else "-" for figure in figures]


def _kind(rule: str, kind: Kind, tally: Tally, screen: Screen) -> Iterator[str]:
    head = f"{counted(tally.kinds[kind], _WORDS.get(kind, 'start'))} {kind}"
    keys = ""
    if kind == "changed":
        keys = " in " + ", ".join(f"{printable(key)} ({many:,})" for key, many in tally.keys.most_common())
    yield f"{screen.paint(head, _COLORS[kind])}{keys}, {printable(rule)}"
    for example in tally.examples[kind]:
        yield f"    event {example.event} ({printable(example.key)}){printable(_example(example))}"


def _example(example: Example) -> str:
    difference = example.difference
    if difference.changes:
        return f": {'; '.join(_change(change) for change in difference.changes)}"
    if example.why:
        return f": {said(example.why)}"
    shown = difference.after or difference.before
    if isinstance(shown, BotStart):
        return f": bot {shown.bot_id} for {shown.recipient.key}"
    return ""


def _change(change: Change) -> str:
    before, after = (quote(text) if text is not None else "absent" for text in (change.before, change.after))
    return f"{change.key} from {before} to {after}"


def backtest_record(found: Backtest) -> dict[str, Json]:
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
    return {"before": tally.before, "after": tally.after, **kinds, "keys": dict(tally.keys)}


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
