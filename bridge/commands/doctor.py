"""`leadbridge doctor`: check settings, database, mappings, queue and accounts; one line for each result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import click

from bridge.assemble.facts import findings
from bridge.assemble.rules import effective_accounts, mapping_loader
from bridge.commands.database_check import Level, Remark, check_database
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
from bridge.operations.authoring.mapping_files import UNSET
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
"""Problems that fail although webhooks are accepted: the bridge does not do what its files say."""
OWN: Final = "leadbridge doctor"
_MAPPINGS: Final = Reason(ProblemCode.ABOUT_MAPPINGS)
_QUEUE: Final = Reason(ProblemCode.ABOUT_QUEUE)
_PROBE_S = 5.0


@click.command()
@as_json
def doctor(as_json: bool) -> int:
    """Check everything that the bridge needs; print one line for each result: ok, warn or FAIL.

    Checks settings, database and its durability, disk, clock, mappings, queue, and whether each account's URL
    can be reached; no bot is started. Exit code 1 if a check fails.

    Keys of --json: level (ok, warn, fail), subject, text.

    \b
    Example:
      leadbridge doctor
    """
    return run_checks(silent, as_json=as_json)


def run_checks(load: Callable[[], Settings], *, as_json: bool) -> int:
    """Print the result of every check; invalid settings are one, too. Return 1 if one fails."""
    try:
        settings = load()
    except SettingsError as error:
        about = Reason(ProblemCode.ABOUT_SETTINGS)
        _print([Remark("FAIL", about, one) for one in error.problems], Screen(), as_json=as_json)
        return 1
    found = list(_remarks(settings))
    _print(found, screen_of(settings), as_json=as_json)
    return 1 if any(one.level == "FAIL" for one in found) else 0


def _print(found: list[Remark], screen: Screen, *, as_json: bool) -> None:
    """Print one line for each remark, or a JSON array."""
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
    """Settings, database, problems, checks that passed, and whether LeadConverter answers."""
    yield from _settings(settings)
    rules = mapping_loader(settings)
    report = check_database(settings, rules, _mapping_facts(settings, rules))
    yield from report.remarks
    found = problems(report.facts)
    for problem in found:
        yield from _wrong(problem)
    if report.complete and not any(one.about == _QUEUE for one in found):
        yield Remark("ok", _QUEUE, Reason(ProblemCode.QUEUE_OK))
    if any(one.kind in BROKEN for one in found):
        yield _kept(report.kept)
    elif report.facts.files == "valid":
        yield _valid(settings, rules)
    for name, account in sorted(effective_accounts(settings, rules).items()):
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
    """Facts about the mapping files that are on disk now."""
    try:
        rules.refresh()
    except BridgeError as error:
        return Facts(files="broken", files_why=(error.whole,))
    unset = rules.latest.unset
    values = {name: wrong_value(settings.environment, name) for one in unset for name in one.variables}
    odd = {name: why for name, why in values.items() if why}
    return Facts(files=files_of(rules), files_why=findings(rules.latest), unset=unset, odd_values=odd)


def _wrong(one: Problem) -> Iterator[Remark]:
    """One line for the problem, and one for each finding of the mapping files in it."""
    blocks = one.level == "blocks" or one.kind in FAILS
    level: Level = "FAIL" if blocks else "ok" if one.level == "hint" else "warn"
    lines = one.lines if one.kind in BROKEN else ()
    shown = replace(one, lines=() if lines else one.lines, command="" if one.command == OWN else one.command)
    yield Remark(level, one.about, sentence(shown))
    yield from (Remark(level, one.about, line) for line in lines)


def _kept(kept: KeptSet | None) -> Remark:
    """Which mappings a bridge uses, running or started now, while the files on disk are broken."""
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
    level, found = _answer(asyncio.run(_probe(account)))
    text = Reason(ProblemCode.ACCOUNT_ANSWERS, url=account.url, found=found)
    return Remark(level, Reason(ProblemCode.ABOUT_ACCOUNT, account=name), text)


async def _probe(account: Account) -> Probe:
    client = Client(Transport(), deadline=_PROBE_S)
    try:
        return await client.probe(account)
    finally:
        client.close()


def _answer(found: Probe) -> tuple[Level, Reason]:
    """Level and text for the result of a probe."""
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
