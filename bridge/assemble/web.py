"""Builds a web process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.assemble.former_identities import FormerIds
from bridge.assemble.rules import mapping_loader, start_reloading
from bridge.dispatch.http.certificates import Certificates, authorities
from bridge.intake import Intake, ObserveWebhook
from bridge.mapping_loader import MappingLoader
from bridge.readiness import Readiness
from bridge.settings import Settings
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import Store, open_store
from bridge.store.db.notifier import Notifier
from bridge.store.db.notify import Waker
from bridge.store.db.writer import ObserveCommit, Writer
from bridge.store.inbox import events
from bridge.webhook.incoming import Trust


@dataclass(frozen=True, slots=True)
class WebSide:
    """The parts of a web process."""

    settings: Settings
    """Without the console's passwords."""
    mapping_loader: MappingLoader
    store: Store
    intake: Intake
    readiness: Readiness
    finish: tuple[Callable[[], None], ...]

    @property
    def sandboxed(self) -> bool:
        """Whether the sandbox replaces LeadConverter."""
        return bool(self.settings.sandbox)

    def close(self) -> None:
        """Write waiting webhooks, notify the dispatchers, and close everything, after the last request."""
        for finish in self.finish:
            finish()


def _no_op(*_: object) -> None:
    """No-op observer."""


def web_side(
    settings: Settings, observe: ObserveWebhook = _no_op, observe_batch: ObserveCommit = _no_op
) -> WebSide:
    """Open the store, load the mappings and start the writer. Broken mappings do not stop the process.

    The console's passwords are dropped here, so that neither mapping files nor pages can read them.
    `observe` is called for each webhook, `observe_batch` for each commit.
    """
    settings = settings.without_passwords()
    store = open_store(settings.database_url)
    disk = Disk(store.path, settings.disk_floor * MB)
    disk.lay_ballast()
    rules, former = mapping_loader(settings, store), FormerIds(store)
    stop_reading = start_reloading(rules, former.update)
    readiness = Readiness(store, rules, disk)
    readiness.start()
    writer = Writer(store, events.batch_writer(store), observe=observe_batch)
    waker = Waker(store)
    notifier = Notifier(waker.wake)
    intake = Intake(
        mapping_loader=rules,
        writer=writer,
        is_known_source=readiness.is_known_source,
        wake=notifier.notify,
        no_room=disk.too_full_to_accept,
        former=former.of,
        trust=Trust(Certificates().fetch, authorities),
        observe=observe,
    )
    finish = (writer.close, notifier.close, waker.close, stop_reading, readiness.close, store.close)
    return WebSide(settings, rules, store, intake, readiness, finish)
