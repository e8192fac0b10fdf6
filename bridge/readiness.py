"""What a web process knows of its surroundings: looked at in the background, so that no request waits for it.

A database that hangs makes these looks hang, and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.errors import BridgeError, DatabaseLost, StoreUnavailable
from bridge.logs import Sparing
from bridge.mapping_loader import MappingLoader
from bridge.model import ALERT_SOURCE
from bridge.problems.facts import Facts, Fault, Files, Late
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.reasons.span import span
from bridge.store.db.disk import Disk
from bridge.store.db.engine import Store
from bridge.store.db.revision import require_newest
from bridge.store.queue import due_calls
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import sources

log = logging.getLogger(__name__)

EVERY: Final = 2.0
"""Seconds between two looks."""
SILENT: Final = 2.5
"""Seconds after which a look that has not come back means that the database does not answer."""
LATE_MS: Final = 60_000
"""By how much a call may be late before that is worth a warning."""
REMEMBERED_MS: Final = 30 * 86_400_000
"""A source that sent anything within this time was heard of: it may only be gone for a moment."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found."""

    database: Fault | None = None
    tables: Fault | None = None
    late: Late | None = None
    heard_of: frozenset[str] | None = None
    """Sources that sent anything in the last 30 days; None while that was never found out."""


@dataclass(slots=True)
class Readiness:
    """Looks around every two seconds. `clock` is in monotonic seconds."""

    store: Store
    mapping_loader: MappingLoader
    disk: Disk
    clock: Callable[[], float] = time.monotonic
    seen: Seen = Seen(Fault(Reason(ProblemCode.DATABASE_UNSEEN)))
    began: float | None = None
    """When the look that is going on began."""
    first: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    tell: Sparing = field(default_factory=lambda: Sparing(log.warning, every=10.0))

    def begin(self, wait: float = SILENT) -> None:
        """Look from now on, until `close`; returns after the first look, or after `wait` seconds."""
        self.thread = threading.Thread(target=self._keep_looking, name="readiness", daemon=True)
        self.thread.start()
        self.first.wait(wait)

    def close(self) -> None:
        """Look no more. A look that hangs is not waited for longer than it may take."""
        self.stop.set()
        if self.thread:
            self.thread.join(SILENT)

    def look(self) -> None:
        """Look once."""
        self.began = self.clock()
        try:
            with self.store.read() as connection:
                self.seen = self._seen(connection)
        except DatabaseLost as error:
            self.tell("database", error.sentence)
            lost = Reason(ProblemCode.NOTHING_ACCEPTED, why=error.reason)
            self.seen = replace(self.seen, database=Fault(lost, (Reason(ProblemCode.READ_FIRST),)))
        except BridgeError as error:
            # What a driver says may name hosts, users and paths: for the log, not for whoever asks over HTTP.
            self.tell("database", error.sentence)
            unusable, why = Reason(ProblemCode.DATABASE_UNUSABLE), Reason(ProblemCode.LOG_SAYS_WHY)
            self.seen = replace(self.seen, database=Fault(unusable, (why,)))
        finally:
            self.began = None

    def has_heard_of(self, source: str) -> bool | None:
        """Whether a source of that name sent anything in the last 30 days; None when nobody knows."""
        heard = self.seen.heard_of
        return None if heard is None else source in heard

    def database(self) -> Fault | None:
        """What is wrong with the database; None while it answers."""
        began = self.began
        waited = 0.0 if began is None else self.clock() - began
        if waited > SILENT:
            return Fault(Reason(ProblemCode.DATABASE_SILENT, span=span(int(waited * 1000))))
        return self.seen.database

    def facts(self) -> Facts:
        """What this process knows and anybody may hear: no path, no host, no words of mapping files."""
        short, rules = self.disk.accepting(), self.mapping_loader
        return Facts(
            database=self.database(),
            tables=self.seen.tables,
            disk=Fault(Reason(ProblemCode.NOTHING_ACCEPTED, why=short.what)) if short else None,
            files=files_of(rules),
            unset=rules.current.unset,
            late=self.seen.late,
        )

    def _keep_looking(self) -> None:
        while not self.stop.is_set():
            try:
                self.look()
            except Exception:
                # A look that fails must not be the last one.
                log.exception("looking around failed")
            self.first.set()
            self.stop.wait(EVERY)

    def _seen(self, connection: Transaction) -> Seen:
        try:
            require_newest(connection)
        except StoreUnavailable as error:
            tables = Fault(Reason(ProblemCode.MIGRATIONS), (error.reason,))
            return Seen(tables=tables, heard_of=self.seen.heard_of)
        now = self.store.now(connection)
        heard = {name for name, at in sources.last_received(connection).items() if at > now - REMEMBERED_MS}
        heard.discard(ALERT_SOURCE)
        return Seen(late=_late(connection, now), heard_of=frozenset(heard))


def files_of(rules: MappingLoader) -> Files:
    """How the mapping files are that this process read last."""
    if not rules.ready:
        return "empty" if rules.empty else "broken"
    if rules.stale:
        return "stale"
    return "valid" if rules.current.sources else "empty"


def _late(connection: Transaction, now: int) -> Late | None:
    due = [
        (view.due_at, view.state.name)
        for view in due_calls.account_views(connection)
        if view.due_at is not None
    ]
    at, account = min(due, default=(now, ""))
    return Late(account, now - at) if now - at > LATE_MS else None
