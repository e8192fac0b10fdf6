"""Checks database, tables and queue in the background, so that no request waits for it.

A hanging database blocks these checks, and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.errors import BridgeError, DatabaseLost, StoreUnavailable
from bridge.logs import RateLimitedLog
from bridge.mapping.compile.compiler import Compiled
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
from bridge.store.queue.due_calls import AccountView, Transaction
from bridge.store.reports import sources, trends
from bridge.store.reports.trends import Unsent
from bridge.store.state import clock
from bridge.store.state.clock import Jump

log = logging.getLogger(__name__)

EVERY: Final = 2.0
"""Seconds between two checks."""
SILENT: Final = 2.5
"""Seconds after which an unfinished check means that the database does not answer."""
LATE_MS: Final = 60_000
"""Milliseconds by which a call may be late before there is a warning."""
REMEMBERED_MS: Final = 30 * 86_400_000
"""A source that sent anything within this time is known, and may be missing only for a moment."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    database: Fault | None = None
    tables: Fault | None = None
    late: Late | None = None
    overdue: int = 0
    clock: Jump | None = None
    unknown_accounts: tuple[Unsent, ...] = ()
    known_sources: frozenset[str] | None = None
    """Sources that sent anything in the last 30 days; None before the first successful check."""


@dataclass(slots=True)
class Readiness:
    """Checks the database every two seconds. `clock` is in monotonic seconds."""

    store: Store
    mapping_loader: MappingLoader
    disk: Disk
    clock: Callable[[], float] = time.monotonic
    result: CheckResult = CheckResult(Fault(Reason(ProblemCode.DATABASE_UNSEEN)))
    began: float | None = None
    """When the current check began; None between two checks."""
    first: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    log_limited: RateLimitedLog = field(default_factory=lambda: RateLimitedLog(log.warning, every=10.0))

    def start(self, wait: float = SILENT) -> None:
        """Check until `close`; returns after the first check, or after `wait` seconds."""
        self.thread = threading.Thread(target=self._run, name="readiness", daemon=True)
        self.thread.start()
        self.first.wait(wait)

    def close(self) -> None:
        """Stop, without waiting for a hanging check."""
        self.stop.set()
        if self.thread:
            self.thread.join(SILENT)

    def check(self) -> None:
        """Check once."""
        self.began = self.clock()
        try:
            with self.store.read() as connection:
                self.result = self._check(connection)
        except DatabaseLost as error:
            self.log_limited("database", error.sentence)
            lost = Reason(ProblemCode.NOTHING_ACCEPTED, why=error.reason)
            self.result = replace(self.result, database=Fault(lost, (Reason(ProblemCode.READ_FIRST),)))
        except BridgeError as error:
            # A driver's message may contain hosts, users and paths: it is logged, but not shown over HTTP.
            self.log_limited("database", error.sentence)
            unusable, why = Reason(ProblemCode.DATABASE_UNUSABLE), Reason(ProblemCode.LOG_SAYS_WHY)
            self.result = replace(self.result, database=Fault(unusable, (why,)))
        finally:
            self.began = None

    def is_known_source(self, source: str) -> bool | None:
        """Whether a source of that name sent anything in the last 30 days; None if not known yet."""
        known = self.result.known_sources
        return None if known is None else source in known

    def database(self) -> Fault | None:
        """What is wrong with the database; None if it answers."""
        began = self.began
        waited = 0.0 if began is None else self.clock() - began
        if waited > SILENT:
            return Fault(Reason(ProblemCode.DATABASE_SILENT, span=span(int(waited * 1000))))
        return self.result.database

    def facts(self) -> Facts:
        """The facts that may be shown without login: no paths, hosts or texts of mapping files."""
        short, rules = self.disk.accepting(), self.mapping_loader
        return Facts(
            database=self.database(),
            tables=self.result.tables,
            disk=Fault(Reason(ProblemCode.NOTHING_ACCEPTED, why=short.what)) if short else None,
            files=files_of(rules),
            unset=rules.current.unset,
            late=self.result.late,
            overdue=self.result.overdue,
            clock=self.result.clock,
            unknown_accounts=self.result.unknown_accounts,
        )

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                self.check()
            except Exception:
                # An unexpected error must not end the thread.
                log.exception("the check of the database failed")
            self.first.set()
            self.stop.wait(EVERY)

    def _check(self, connection: Transaction) -> CheckResult:
        try:
            require_newest(connection)
        except StoreUnavailable as error:
            tables = Fault(Reason(ProblemCode.MIGRATIONS), (error.reason,))
            return CheckResult(tables=tables, known_sources=self.result.known_sources)
        now = self.store.now(connection)
        known = {name for name, at in sources.last_received(connection).items() if at > now - REMEMBERED_MS}
        # Alerts of the bridge itself are events, but nobody sends webhooks of that source.
        known.discard(ALERT_SOURCE)
        queue, jump = due_calls.view(connection), clock.held(connection, now)
        unknown = unknown_accounts(connection, self.mapping_loader.current)
        return CheckResult(
            late=_late(queue.accounts, now, {one.account for one in unknown}),
            overdue=overdue(queue.waiting_at, now, jump),
            clock=jump,
            unknown_accounts=unknown,
            known_sources=frozenset(known),
        )


def files_of(rules: MappingLoader) -> Files:
    """The state of the mapping files that this process has read last."""
    if not rules.ready:
        return "empty" if rules.empty else "broken"
    if rules.stale:
        return "stale"
    return "valid" if rules.current.sources else "empty"


def overdue(due_at: int | None, now: int, jump: Jump | None) -> int:
    """Milliseconds by which the first waiting call is late, given when it is due; 0 if that is no problem."""
    late = 0 if due_at is None or jump else now - due_at
    return late if late > LATE_MS else 0


def unknown_accounts(connection: Transaction, used: Compiled) -> tuple[Unsent, ...]:
    """Accounts that the mappings in use do not have, with calls; none without any mappings."""
    return trends.unsent_of_others(connection, used.accounts) if used.accounts else ()


def _late(views: Sequence[AccountView], now: int, unknown: AbstractSet[str]) -> Late | None:
    due = [
        (view.due_at, view.state.name)
        for view in views
        if view.due_at is not None and view.state.name not in unknown
    ]
    at, account = min(due, default=(now, ""))
    return Late(account, now - at) if now - at > LATE_MS else None
