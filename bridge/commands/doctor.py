"""`leadbridge doctor`: what the bridge needs, looked at piece by piece, one line each."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from bridge.assemble.rules import accounts, mapping_loader
from bridge.commands.language import said
from bridge.commands.opening import NoDatabase, require_there
from bridge.commands.output import Screen, json_array, printable, screen_of
from bridge.dispatch import health
from bridge.dispatch.breaker import Gate
from bridge.dispatch.client import Client
from bridge.dispatch.probe import Probe
from bridge.dispatch.transport import Transport
from bridge.errors import BridgeError, StoreUnavailable
from bridge.language.variables import wrong_value
from bridge.mapping.compile.compiler import Compiled
from bridge.mapping_loader import MappingLoader
from bridge.model import Account
from bridge.operations.answers import as_text, questions
from bridge.operations.mapping_files import UNSET
from bridge.operations.repeats import cure
from bridge.operations.times import clock
from bridge.operations.words import counted
from bridge.settings import Settings, SettingsError
from bridge.store.db import database_info, open_files
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import Store, open_store
from bridge.store.db.lock_files import open_to_others
from bridge.store.db.sqlite import path_of
from bridge.store.inbox import identities
from bridge.store.queue import pauses
from bridge.store.queue.accounts import AccountState, all_states
from bridge.store.queue.pauses import Pause
from bridge.store.reports import repeat_views
from bridge.store.reports.call_views import Doubt, doubts
from bridge.store.state import last_good_mappings
from bridge.text.render import english

Level = Literal["ok", "warn", "FAIL"]

_LOW = 5
"""The disk is low below this many times the floor under which nothing is accepted."""
_APART_MS = 2_000
_PROBE_S = 5.0
_CLOSING_S = 0.5
_COLORS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing looked at."""

    level: Level
    subject: str
    text: str


def doctor(load: Callable[[], Settings], *, as_json: bool) -> int:
    """Print what is well and what is not, broken settings among it; 1 where something fails."""
    try:
        settings = load()
    except SettingsError as error:
        _show([Remark("FAIL", "settings", said(one)) for one in error.problems], Screen(), as_json=as_json)
        return 1
    remarks = list(_remarks(settings))
    _show(remarks, screen_of(settings), as_json=as_json)
    return 1 if any(one.level == "FAIL" for one in remarks) else 0


def _show(remarks: list[Remark], screen: Screen, *, as_json: bool) -> None:
    """One line each, or a JSON array."""
    if as_json:
        rows = [{"level": one.level.lower(), "subject": one.subject, "text": one.text} for one in remarks]
        click.echo(json_array(rows))
        return
    for one in remarks:
        level = screen.paint(f"{one.level:<4}", _COLORS[one.level])
        click.echo(f"{level}  {printable(f'{one.subject}: {one.text}')}")


def _remarks(settings: Settings) -> Iterator[Remark]:
    yield from _settings(settings)
    rules = mapping_loader(settings)
    mappings = list(_mappings(settings, rules))
    yield from _database(settings, rules)
    yield from mappings
    for name, account in sorted(accounts(settings, rules).items()):
        yield _reachable(name, account)


def _settings(settings: Settings) -> Iterator[Remark]:
    where = f"listens on {settings.host}:{settings.port}, mappings in {settings.mappings}"
    yield Remark("ok", "settings", where)
    if settings.sandbox:
        yield Remark("warn", "mode", f"sandbox: every call goes to {settings.sandbox}, nobody is messaged")
    else:
        yield Remark("ok", "mode", "calls go to LeadConverter")


def _database(settings: Settings, rules: MappingLoader) -> Iterator[Remark]:
    held = list(_held(settings.database_url))
    if held:
        # Another connection could take over what those processes still have to write.
        yield from held
        return
    try:
        require_there(settings)
        store = open_store(settings.database_url)
    except BridgeError as error:
        # Before the first start there is no folder for it either.
        new = isinstance(error, NoDatabase) and not error.path.parent.exists()
        yield Remark("warn" if new else "FAIL", "database", _sentence(error))
        return
    try:
        yield from _opened(store, settings.disk_floor * MB)
        if not store.problems():
            yield from _queue(store)
            yield from _answers(store, settings, rules)
    except BridgeError as error:
        yield Remark("FAIL", "database", _sentence(error))
    finally:
        store.close()


def _held(url: str) -> Iterator[Remark]:
    """Files of the embedded database that were removed or replaced while processes have them open."""
    if not url.startswith("sqlite"):
        return
    path = path_of(url)
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if held := _lasting(file):
            who = ", ".join(sorted({one.link.parts[2] for one in held}, key=int))
            what = f"{file.name} was removed or replaced, but is still open in process {who}: "
            copy = f"before you stop it, copy it: cp {held[0].link} {path}.old{suffix}"
            yield Remark("FAIL", "database", what + ("restart it" if suffix == "-shm" else copy))


def _lasting(file: Path) -> list[open_files.OpenFile]:
    """Looked for twice: a process that closes a database removes its log a moment before."""
    if not open_files.removed(file):
        return []
    time.sleep(_CLOSING_S)
    return open_files.removed(file)


def _opened(store: Store, floor: int) -> Iterator[Remark]:
    with store.transaction() as connection:
        version, durable = database_info.version(connection), database_info.durability(connection)
        apart = store.now(connection) - int(time.time() * 1000)
    yield Remark("ok", "database", f"{version} answers and can be written")
    said = ", ".join(f"{one.name} {one.value}" for one in durable)
    yield Remark("ok" if all(one.good for one in durable) else "FAIL", "durability", said)
    try:
        store.check()
        yield Remark("ok", "tables", "as this version needs them")
    except StoreUnavailable as error:
        yield Remark("FAIL", "tables", _sentence(error))
    yield _clock(apart, embedded=store.embedded)
    if store.path:
        yield _disk(store.path, floor)
        yield from _private(store.path)


def _queue(store: Store) -> Iterator[Remark]:
    with store.read() as connection:
        doubtful = doubts(connection)
        states = all_states(connection).values()
        paused: list[AccountState | Pause] = [one for one in states if one.paused]
        paused += pauses.standing(connection)
        ambiguous = repeat_views.ambiguous(connection, store.now(connection))
        former = identities.until(connection, store.now(connection))
    for doubt in doubtful:
        yield Remark("warn", "queue", _doubt(doubt))
    for state in states:
        yield from _breaker(state)
    for one in paused:
        text = f"{one.kind} {one.name} is paused by {one.paused_by}: {one.paused_reason}"
        yield Remark("warn", "queue", f"{text}; leadbridge resume {one.kind} {shlex.quote(one.name)}")
    for source in ambiguous:
        yield Remark("warn", f"source {source.source}", cure(source))
    for name, end in former.items():
        text = f"its event has changed; ids of before the change count as well until {clock(end)} UTC"
        yield Remark("ok", f"source {name}", text)
    if not doubtful and not paused:
        yield Remark("ok", "queue", "no call is in doubt, nothing is paused")


def _doubt(doubt: Doubt) -> str:
    many = f"{counted(doubt.many, 'call')} of account {doubt.account} may have run"
    listed = f"leadbridge calls --state uncertain --cause {doubt.cause}"
    return f"{many}, {doubt.cause} since {clock(doubt.first)} UTC: {listed}"


def _breaker(state: AccountState) -> Iterator[Remark]:
    """A breaker that is not closed: since when little or nothing goes out, and what the last probe found."""
    breaker = health.from_text(state.health).breaker
    if breaker.gate is not Gate.CLOSED:
        probe = f"; the last probe: {breaker.probe}" if breaker.probe else ""
        text = f"account {state.name} has waited for LeadConverter since {clock(breaker.since)} UTC{probe}"
        yield Remark("warn", "queue", text)


def _clock(apart: int, *, embedded: bool) -> Remark:
    if embedded:
        return Remark("ok", "clock", "the database goes by this machine's")
    level: Level = "warn" if abs(apart) > _APART_MS else "ok"
    return Remark(level, "clock", f"{apart / 1000:+.1f} s between the database's and this machine's")


def _disk(path: Path, floor: int) -> Remark:
    disk = Disk(path, floor)
    short = disk.too_full_to_accept()
    if short:
        return Remark("FAIL", "disk", short)
    kind = database_info.file_system_of(path)
    level: Level = "warn" if disk.free() < _LOW * floor else "ok"
    return Remark(level, "disk", f"{disk.free() / MB:,.0f} MB free for {path}{f' ({kind})' if kind else ''}")


def _private(path: Path) -> Iterator[Remark]:
    cure = open_to_others(path)
    if cure:
        text = f"other users of this machine can read what came in; run: {cure}"
        yield Remark("warn", "privacy", text)


def _mappings(settings: Settings, rules: MappingLoader) -> Iterator[Remark]:
    try:
        rules.refresh()
    except BridgeError as error:
        yield Remark("FAIL", "mappings", _sentence(error))
        yield from _kept(settings)
        return
    read = rules.latest
    wrong = [one for one in read.findings if one.is_error]
    for finding in wrong:
        yield Remark("FAIL", "mappings", str(finding))
    if not wrong:
        yield Remark(*_read(settings, read))
    for closed in read.unset:
        values = [(one, wrong_value(settings.environment, one)) for one in closed.variables]
        why = "".join(f"; {one}: {english(text)}" for one, text in values if text)
        yield Remark("FAIL", closed.kind, f"{closed}{why}; set it in the environment or in .env")
    if wrong:
        yield from _kept(settings)


def _kept(settings: Settings) -> Iterator[Remark]:
    """Which mappings a bridge that runs, or starts now, uses in place of those that are broken."""
    try:
        require_there(settings)
        with closing(open_store(settings.database_url)) as store:
            kept = last_good_mappings.kept(store)
    except BridgeError:
        # What is wrong with the database has its own line.
        return
    if kept is None:
        yield Remark("warn", "mappings", "no good set is kept to be used in their place")
        return
    known = f"{counted(len(kept.files), 'file')} of {clock(kept.at)} UTC"
    yield Remark("warn", "mappings", f"until they are mended the last good set stays in use: {known}")


def _read(settings: Settings, read: Compiled) -> tuple[Level, str, str]:
    warnings = [one for one in read.findings if one.code != UNSET]
    found = f"{counted(len(read.sources), 'source')} in {settings.mappings}"
    if not read.sources:
        return "warn", "mappings", f"{found}: connect one in the console, or run leadbridge new"
    if warnings:
        return "warn", "mappings", f"{found}, {counted(len(warnings), 'warning')}: run leadbridge check"
    return "ok", "mappings", found


def _answers(store: Store, settings: Settings, rules: MappingLoader) -> Iterator[Remark]:
    """Answers that count as done and that nobody has confirmed to be success."""
    with store.read() as connection:
        asked = questions(connection, accounts(settings, rules), rules.current.sources)
    for one in asked:
        yield Remark("warn", f"account {one.account}", as_text(one))


def _reachable(name: str, account: Account) -> Remark:
    client = Client(Transport(), deadline=_PROBE_S)
    try:
        level, words = _answer(client.probe(account))
    finally:
        client.close()
    return Remark(level, f"account {name}", f"{account.url} {words}; no bot was started")


def _answer(found: Probe) -> tuple[Level, str]:
    """What a probe says of the account."""
    if found.status is None:
        return ("FAIL", f"cannot be reached: {found.fault}") if found.fault else ("ok", "can be reached")
    words = f"{found.words} to a request without parameters"
    if found.status == 401:
        return "FAIL", f"{words}: the token is not accepted"
    if not found.passed:
        return "FAIL", words
    expected = found.status in (400, 422) or found.status < 300
    return ("ok", words) if expected else ("warn", f"{words}: the token or the url may be wrong")


def _sentence(error: BridgeError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
