"""A web process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bridge.assemble.former_identities import FormerIds
from bridge.assemble.rules import keep_fresh, mapping_loader
from bridge.dispatch.http.certificates import Certificates, authorities
from bridge.intake import Intake, Observe
from bridge.mapping_loader import MappingLoader
from bridge.readiness import Readiness
from bridge.settings import Settings
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import Store, open_store
from bridge.store.db.notifier import Notifier
from bridge.store.db.notify import Waker
from bridge.store.db.writer import Observe as ObserveBatch
from bridge.store.db.writer import Writer
from bridge.store.inbox import events
from bridge.webhook.incoming import Trust


@dataclass(frozen=True, slots=True)
class WebSide:
    """What a web process needs."""

    settings: Settings
    """Without the console's passwords."""
    mapping_loader: MappingLoader
    store: Store
    intake: Intake
    readiness: Readiness
    finish: tuple[Callable[[], None], ...]

    @property
    def sandboxed(self) -> bool:
        """Whether the sandbox stands in for LeadConverter."""
        return bool(self.settings.sandbox)

    def close(self) -> None:
        """Write what still waits, tell the dispatchers, let go of everything; nothing comes in any more."""
        for finish in self.finish:
            finish()


def _unobserved(*_: object) -> None:
    """Where nobody counts."""


def web_side(
    settings: Settings, observe: Observe = _unobserved, observe_batch: ObserveBatch = _unobserved
) -> WebSide:
    """Opens the store, reads the mappings and starts the writer. Broken mappings do not stop the process.

    The console's passwords are forgotten here: neither mapping files nor pages come by them.

    `observe` is told of each webhook, `observe_batch` of each commit.
    """
    settings = settings.without_passwords()
    store = open_store(settings.database_url, yield_first=partial(time.sleep, 0))
    disk = Disk(store.path, settings.disk_floor * MB)
    disk.lay_ballast()
    rules, former = mapping_loader(settings, store), FormerIds(store)
    stop_reading = keep_fresh(rules, former.take_up)
    readiness = Readiness(store, rules, disk)
    readiness.begin()
    writer = Writer(store, events.batch_writer(store), observe=observe_batch)
    waker = Waker(store)
    notifier = Notifier(waker.wake)
    intake = Intake(
        mapping_loader=rules,
        writer=writer,
        heard_of=readiness.has_heard_of,
        wake=notifier.notify,
        no_room=disk.too_full_to_accept,
        former=former.of,
        trust=Trust(Certificates().fetch, authorities()),
        observe=observe,
    )
    finish = (writer.close, notifier.close, waker.close, stop_reading, readiness.close, store.close)
    return WebSide(settings, rules, store, intake, readiness, finish)
