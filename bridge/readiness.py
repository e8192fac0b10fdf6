"""What a web process knows of its surroundings: looked at in the background, so that no request waits for it.

A database that hangs makes these looks hang, and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.errors import BridgeError, DatabaseLost, StoreUnavailable
from bridge.logs import Sparing
from bridge.mapping_loader import MappingLoader
from bridge.model import ALERT_SOURCE
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
_LOST: Final = "before you restart anything, read what to do in the log, or run leadbridge doctor"
_INVALID: Final = "no valid mappings: run leadbridge check"
_NO_SOURCE: Final = "there is no mapping file yet: run leadbridge new, or connect a source in the console"
_STALE: Final = "the files are broken or gone, an older set is in use: run leadbridge check"
REMEMBERED_MS: Final = 30 * 86_400_000
"""A source that sent anything within this time was heard of: it may only be gone for a moment."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found; an empty text means that all is well."""

    database: str = ""
    migrations: str = ""
    queue: str = ""
    heard_of: frozenset[str] | None = None
    """Sources that sent anything in the last 30 days; None while that was never found out."""


@dataclass(slots=True)
class Readiness:
    """Looks around every two seconds. `clock` is in monotonic seconds."""

    store: Store
    mapping_loader: MappingLoader
    disk: Disk
    clock: Callable[[], float] = time.monotonic
    seen: Seen = Seen("it was not looked at yet")
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
            self.tell("database", _sentence(error))
            self.seen = replace(self.seen, database=f"{error.message}: nothing is accepted; {_LOST}")
        except BridgeError as error:
            # What a driver says may name hosts, users and paths: for the log, not for whoever asks over HTTP.
            self.tell("database", _sentence(error))
            self.seen = replace(self.seen, database="it cannot be used; the log says why")
        finally:
            self.began = None

    def has_heard_of(self, source: str) -> bool | None:
        """Whether a source of that name sent anything in the last 30 days; None when nobody knows."""
        heard = self.seen.heard_of
        return None if heard is None else source in heard

    def problems(self) -> Mapping[str, str]:
        """What keeps this process from accepting webhooks now, by name; empty when all is well."""
        wrong = {
            "database": self._database(),
            "migrations": self.seen.migrations,
            "mappings": "" if self.mapping_loader.ready or self.mapping_loader.empty else _INVALID,
            "disk": self.disk.too_full_to_accept().partition(";")[0],
        }
        return {name: text for name, text in wrong.items() if text}

    def warnings(self) -> Mapping[str, str]:
        """What someone should see to though webhooks are accepted, by name."""
        stale = self.mapping_loader.ready and self.mapping_loader.stale
        wrong = {
            "mappings": _STALE if stale else _NO_SOURCE if self.mapping_loader.empty else "",
            "variables": "; ".join(map(str, self.mapping_loader.current.unset)),
            "queue": self.seen.queue,
        }
        return {name: text for name, text in wrong.items() if text}

    def _database(self) -> str:
        began = self.began
        if began is not None and self.clock() - began > SILENT:
            return f"it has not answered for {self.clock() - began:.0f} s"
        return self.seen.database

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
            return Seen(migrations=_sentence(error), heard_of=self.seen.heard_of)
        now = self.store.now(connection)
        heard = {name for name, at in sources.last_heard(connection).items() if at > now - REMEMBERED_MS}
        heard.discard(ALERT_SOURCE)
        return Seen(queue=_lateness(connection, now), heard_of=frozenset(heard))


def _lateness(connection: Transaction, now: int) -> str:
    due = [(view.due_at, view.state.name) for view in due_calls.look(connection) if view.due_at is not None]
    at, account = min(due, default=(now, ""))
    if now - at <= LATE_MS:
        return ""
    return (
        f"a call of account {account} has been due for {(now - at) / 1000:.0f} s: "
        "is a dispatcher running, is the account paused or its pace too low?"
    )


def _sentence(error: BridgeError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
