"""A dispatcher process."""

from __future__ import annotations

from collections.abc import Callable

from bridge.assemble.rules import accounts, keep_fresh, mapping_loader
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.round import Round
from bridge.dispatch.worker import Dispatcher, unobserved
from bridge.settings import Settings
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import open_store
from bridge.store.db.lock_files import Presence
from bridge.store.state.key_value import set_target


def dispatcher(settings: Settings, observe: Callable[[Round], None] = unobserved) -> Dispatcher:
    """A dispatcher on the settings' store; its accounts follow the mapping folder.

    `observe` is told of each round.
    """
    settings = settings.without_passwords()
    store = open_store(settings.database_url)
    store.check()
    set_target(store, sandboxed=bool(settings.sandbox))
    disk = Disk(store.path, settings.disk_floor * MB)
    disk.lay_ballast()
    rules = mapping_loader(settings, store)
    stop_reading = keep_fresh(rules)
    made = Dispatcher(
        store,
        Client(Transport()),
        lambda: accounts(settings, rules),
        observe=observe,
        no_room=disk.too_full_to_send,
        alerts=lambda: rules.current.alerts,
        language=settings.language,
    )
    made.finish = (stop_reading,)
    if store.path:
        presence = Presence(store.path)
        # Calls that a killed dispatcher left behind need not wait for the end of their lease.
        made.maintenance.look_after(everyone=presence.alone)
        presence.settled()
        made.finish += (presence.close,)
    return made
