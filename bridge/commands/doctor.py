"""`leadbridge doctor`: what is wrong now, and what was looked at, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import click

from bridge.assemble.facts import findings
from bridge.assemble.rules import accounts, mapping_loader
from bridge.commands.database_check import Level, Remark, look_at
from bridge.commands.options import as_json, silent
from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, json_array, printable, screen_of
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.probe import Probe
from bridge.dispatch.http.transport import Transport
from bridge.errors import BridgeError
from bridge.language.variables import wrong_value
from bridge.mapping_loader import MappingLoader
from bridge.model import Account
from bridge.operations.mapping_files import UNSET
from bridge.problems.facts import Facts
from bridge.problems.listing import problems
from bridge.problems.problem import Kind, Problem, sentence
from bridge.readiness import files_of
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings, SettingsError
from bridge.store.state.last_good_mappings import KeptSet
from bridge.text.render import english
from bridge.text.times import clock

_COLORS = {"ok": "green", "warn": "yellow", "FAIL": "red"}
BROKEN: Final[tuple[Kind, ...]] = ("broken", "stale")
FAILS: Final[tuple[Kind, ...]] = ("stale", "variables")
"""Besides what keeps webhooks out: the bridge does not do what its files say."""
OWN: Final = "leadbridge doctor"
_MAPPINGS: Final = Reason(ProblemCode.ABOUT_MAPPINGS)
_QUEUE: Final = Reason(ProblemCode.ABOUT_QUEUE)
_PROBE_S = 5.0


@click.command()
@as_json
def doctor(as_json: bool) -> int:
    """Look whether everything the bridge needs is well: one line each, ok, warn or FAIL.

    Settings, database and its durability, disk, clock, mappings, queue, and whether each account's URL can be
    reached; no bot is started. Exit code 1 where something fails.

    Keys of --json: level (ok, warn, fail), subject, text.

    \b
    Example:
      leadbridge doctor
    """
    return examine(silent, as_json=as_json)


def examine(load: Callable[[], Settings], *, as_json: bool) -> int:
    """Print what is well and what is not, broken settings among it; 1 where something fails."""
    try:
        settings = load()
    except SettingsError as error:
        about = Reason(ProblemCode.ABOUT_SETTINGS)
        _show([Remark("FAIL", about, one) for one in error.problems], Screen(), as_json=as_json)
        return 1
    found = list(_remarks(settings))
    _show(found, screen_of(settings), as_json=as_json)
    return 1 if any(one.level == "FAIL" for one in found) else 0


def _show(found: list[Remark], screen: Screen, *, as_json: bool) -> None:
    """One line each, or a JSON array."""
    if as_json:
        rows = [
            {"level": one.level.lower(), "subject": english(one.about), "text": english(one.text)}
            for one in found
        ]
        click.echo(json_array(rows))
        return
    for one in found:
        level = screen.paint(f"{one.level:<4}", _COLORS[one.level])
        click.echo(f"{level}  {printable(f'{said(one.about)}: {said(one.text)}')}")


def _remarks(settings: Settings) -> Iterator[Remark]:
    """Settings, database, what is wrong, what else is well, and whether LeadConverter answers."""
    yield from _settings(settings)
    rules = mapping_loader(settings)
    looked = look_at(settings, rules, _mapping_facts(settings, rules))
    yield from looked.remarks
    found = problems(looked.facts)
    for problem in found:
        yield from _wrong(problem)
    if looked.complete and not any(one.about == _QUEUE for one in found):
        yield Remark("ok", _QUEUE, Reason(ProblemCode.QUEUE_OK))
    if any(one.kind in BROKEN for one in found):
        yield _kept(looked.kept)
    elif looked.facts.files == "valid":
        yield _valid(settings, rules)
    for name, account in sorted(accounts(settings, rules).items()):
        yield _reachable(name, account)


def _settings(settings: Settings) -> Iterator[Remark]:
    address = f"{settings.host}:{settings.port}"
    where = Reason(ProblemCode.LISTENS, address=address, folder=settings.mappings)
    yield Remark("ok", Reason(ProblemCode.ABOUT_SETTINGS), where)
    mode = Reason(ProblemCode.ABOUT_MODE)
    if settings.sandbox:
        yield Remark("warn", mode, Reason(ProblemCode.SANDBOX, url=settings.sandbox))
    else:
        yield Remark("ok", mode, Reason(ProblemCode.LIVE))


def _mapping_facts(settings: Settings, rules: MappingLoader) -> Facts:
    """What the files on disk say now."""
    try:
        rules.refresh()
    except BridgeError as error:
        return Facts(files="broken", files_why=(error.whole,))
    unset = rules.latest.unset
    values = {name: wrong_value(settings.environment, name) for one in unset for name in one.variables}
    odd = {name: why for name, why in values.items() if why}
    return Facts(files=files_of(rules), files_why=findings(rules.latest), unset=unset, odd_values=odd)


def _wrong(one: Problem) -> Iterator[Remark]:
    """A line for each problem, and for each finding of mapping files one of its own."""
    blocks = one.level == "blocks" or one.kind in FAILS
    level: Level = "FAIL" if blocks else "ok" if one.level == "hint" else "warn"
    lines = one.lines if one.kind in BROKEN else ()
    told = replace(one, lines=() if lines else one.lines, command="" if one.command == OWN else one.command)
    yield Remark(level, one.about, sentence(told))
    yield from (Remark(level, one.about, line) for line in lines)


def _kept(kept: KeptSet | None) -> Remark:
    """Which mappings a bridge that runs, or starts now, uses in place of those that are broken."""
    if kept is None:
        return Remark("warn", _MAPPINGS, Reason(ProblemCode.NONE_KEPT))
    text = Reason(ProblemCode.KEPT_SET, count=len(kept.files), at=clock(kept.at))
    return Remark("warn", _MAPPINGS, text)


def _valid(settings: Settings, rules: MappingLoader) -> Remark:
    read = rules.latest
    found = Reason(ProblemCode.MAPPINGS_OK, count=len(read.sources), folder=settings.mappings)
    warnings = [one for one in read.findings if one.code != UNSET]
    if not warnings:
        return Remark("ok", _MAPPINGS, found)
    run = Reason(ProblemCode.RUN, command="leadbridge check")
    warned = Reason(ProblemCode.MAPPINGS_WARNED, sources=found, count=len(warnings))
    return Remark("warn", _MAPPINGS, Reason(ProblemCode.SENTENCE, parts=(warned, run)))


def _reachable(name: str, account: Account) -> Remark:
    client = Client(Transport(), deadline=_PROBE_S)
    try:
        level, found = _answer(client.probe(account))
    finally:
        client.close()
    text = Reason(ProblemCode.ACCOUNT_ANSWERS, url=account.url, found=found)
    return Remark(level, Reason(ProblemCode.ABOUT_ACCOUNT, account=name), text)


def _answer(found: Probe) -> tuple[Level, Reason]:
    """What a probe says of the account."""
    if found.status is None:
        if found.fault:
            return "FAIL", Reason(ProblemCode.UNREACHABLE, fault=found.fault)
        return "ok", Reason(ProblemCode.REACHABLE)
    answer = Reason(ProblemCode.PROBE_ANSWER, found=found.found)
    if found.status == 401:
        return "FAIL", Reason(ProblemCode.NOT_ACCEPTED, answer=answer)
    if not found.passed:
        return "FAIL", answer
    expected = found.status in (400, 422) or found.status < 300
    return ("ok", answer) if expected else ("warn", Reason(ProblemCode.DOUBTFUL, answer=answer))
