"""The checks of the database in `leadbridge doctor`: durability, tables, clock, disk, file permissions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from bridge.assemble.facts import full, snapshot
from bridge.assemble.rules import effective_accounts
from bridge.commands.access import NoDatabase, require_database_file
from bridge.errors import BridgeError, DatabaseLost, StoreUnavailable
from bridge.mapping_loader import MappingLoader
from bridge.problems.facts import Facts, Fault
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import GeneralCode, Reason
from bridge.settings import Settings
from bridge.store.db import database_info, open_files
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import Store, open_store
from bridge.store.db.lock_files import open_to_others
from bridge.store.db.sqlite import path_of
from bridge.store.inbox import identities
from bridge.store.state import last_good_mappings
from bridge.store.state.last_good_mappings import KeptSet
from bridge.text.times import clock

_DATABASE: Final = Reason(ProblemCode.ABOUT_DATABASE)
_LOW: Final = 5
"""The disk is low below this many times the floor under which nothing is accepted."""
_APART_MS: Final = 2_000
Level: TypeAlias = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True, slots=True)
class Remark:
    """The result of one check."""

    level: Level
    about: Reason
    text: Reason


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What the checks of the database found."""

    remarks: list[Remark]
    facts: Facts
    complete: bool = False
    """Whether everything in the database could be checked."""
    kept: KeptSet | None = None
    """The last good set of mapping files."""


def check_database(settings: Settings, rules: MappingLoader, known: Facts) -> DatabaseReport:
    """Check the database; the facts include what is `known` of the mapping files."""
    held = list(_held(settings.database_url))
    if held:
        # Another connection could take over what those processes still have to write.
        return DatabaseReport(held, known)
    try:
        require_database_file(settings)
        store = open_store(settings.database_url)
    except NoDatabase as error:
        # Before the first start there is no folder for it either.
        level: Level = "FAIL" if error.path.parent.exists() else "warn"
        return DatabaseReport([Remark(level, _DATABASE, error.whole)], known)
    except BridgeError as error:
        return DatabaseReport([], replace(known, database=_fault(error)))
    try:
        return _check_opened(store, settings, rules, known)
    except BridgeError as error:
        return DatabaseReport([], replace(known, database=_fault(error)))
    finally:
        store.close()


def _fault(error: BridgeError) -> Fault:
    hints = () if error.cure is None else (error.cure,)
    if isinstance(error, DatabaseLost):
        return Fault(Reason(ProblemCode.NOTHING_ACCEPTED, why=error.reason), hints)
    return Fault(Reason(ProblemCode.DATABASE_UNUSABLE), (error.reason, *hints))


def _held(url: str) -> Iterator[Remark]:
    """Files of the embedded database that were removed or replaced while processes have them open."""
    if not url.startswith("sqlite"):
        return
    path = path_of(url)
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if held := open_files.removed([file]):
            processes = tuple(sorted({one.link.parts[2] for one in held}, key=int))
            what = Reason(ProblemCode.FILE_REMOVED, file=file.name, processes=processes)
            copy = Reason(ProblemCode.COPY_FIRST, command=f"cp {held[0].link} {path}.old{suffix}")
            cure = Reason(ProblemCode.RESTART_IT) if suffix == "-shm" else copy
            yield Remark("FAIL", _DATABASE, Reason(ProblemCode.SENTENCE, parts=(what, cure)))


def _check_opened(store: Store, settings: Settings, rules: MappingLoader, known: Facts) -> DatabaseReport:
    remarks = [*_durability_and_clock(store)]
    try:
        store.check()
    except StoreUnavailable as error:
        tables = Fault(Reason(ProblemCode.MIGRATIONS), (error.reason,))
        return DatabaseReport(remarks, replace(known, tables=tables))
    remarks.append(Remark("ok", Reason(ProblemCode.ABOUT_TABLES), Reason(ProblemCode.TABLES_OK)))
    disk = Disk(store.path, settings.disk_floor * MB)
    remarks += [*_disk(disk), *_private(store)]
    kept = last_good_mappings.kept(store) if known.files == "broken" else None
    if kept:
        # A bridge that starts now would use this set, too.
        rules.fall_back(kept.files)
    known = replace(known, disk=full(disk), files="stale" if rules.ready and kept else known.files)
    with store.read() as connection:
        now = store.now(connection)
        found = snapshot(connection, now, rules.current, effective_accounts(settings, rules), known)
        former = identities.until(connection, now)
    for name, end in former.items():
        text = Reason(ProblemCode.FORMER_IDS, until=clock(end))
        remarks.append(Remark("ok", Reason(ProblemCode.ABOUT_SOURCE, source=name), text))
    return DatabaseReport(remarks, found.facts, True, kept)


def _durability_and_clock(store: Store) -> Iterator[Remark]:
    """Whether it answers, keeps what it commits, and has the same time as this machine."""
    with store.transaction() as connection:
        version, durable = database_info.version(connection), database_info.durability(connection)
        apart = store.now(connection) - int(time.time() * 1000)
    yield Remark("ok", _DATABASE, Reason(ProblemCode.DATABASE_OK, version=version))
    level: Level = "ok" if all(one.good for one in durable) else "FAIL"
    values = tuple(Reason(ProblemCode.SETTING, name=one.name, value=one.value) for one in durable)
    yield Remark(level, Reason(ProblemCode.ABOUT_DURABILITY), Reason(ProblemCode.DURABLE, settings=values))
    about = Reason(ProblemCode.ABOUT_CLOCK)
    if store.embedded:
        yield Remark("ok", about, Reason(ProblemCode.CLOCK_OWN))
    else:
        level = "warn" if abs(apart) > _APART_MS else "ok"
        yield Remark(level, about, Reason(ProblemCode.CLOCK_APART, seconds=f"{apart / 1000:+.1f}"))


def _disk(disk: Disk) -> Iterator[Remark]:
    """Report free space, unless it is below the floor: that is a problem of the bridge, reported there."""
    if disk.path is None or disk.accepting():
        return
    kind = database_info.file_system_of(disk.path)
    text = Reason(
        ProblemCode.DISK_FREE,
        free=Reason(GeneralCode.NUMBER, count=round(disk.free() / MB)),
        path=str(disk.path),
        kind=Reason(ProblemCode.DISK_KIND, kind=kind) if kind else None,
    )
    yield Remark("warn" if disk.free() < _LOW * disk.floor else "ok", Reason(ProblemCode.ABOUT_DISK), text)


def _private(store: Store) -> Iterator[Remark]:
    command = open_to_others(store.path) if store.path else ""
    if command:
        parts = (Reason(ProblemCode.OPEN_TO_OTHERS), Reason(ProblemCode.RUN, command=command))
        yield Remark("warn", Reason(ProblemCode.ABOUT_PRIVACY), Reason(ProblemCode.SENTENCE, parts=parts))
