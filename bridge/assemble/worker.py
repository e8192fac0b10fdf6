"""Builds a dispatcher process."""

from __future__ import annotations

from collections.abc import Callable

from bridge import heartbeat
from bridge.assemble.rules import effective_accounts, mapping_loader, start_reloading
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.round import Round
from bridge.dispatch.worker import Dispatcher, unobserved
from bridge.inherited import inherited
from bridge.settings import Settings
from bridge.store.db.disk import MB, Disk
from bridge.store.db.engine import open_store
from bridge.store.db.lock_files import Presence
from bridge.store.state.key_value import set_target


def dispatcher(settings: Settings, observe: Callable[[Round], None] = unobserved) -> Dispatcher:
    """A dispatcher for the settings' store and mapping folder; `observe` is called for each round."""
    settings, given = settings.without_passwords(), inherited()
    store = open_store(settings.database_url)
    store.check()
    set_target(store, sandboxed=bool(settings.sandbox))
    disk = Disk(store.path, settings.disk_floor * MB)
    disk.lay_ballast()
    rules = mapping_loader(settings, store)
    stop_reading = start_reloading(rules)
    made = Dispatcher(
        store,
        Client(Transport()),
        lambda: effective_accounts(settings, rules),
        owner=given.owner,
        observe=observe,
        keep_beating=heartbeat.keep_beating,
        no_room=disk.too_full_to_send,
        alerts=lambda: rules.current.alerts,
        names=lambda: rules.current.accounts,
        language=settings.language,
    )
    made.finish = (stop_reading,)
    if store.path:
        presence = Presence(store.path)
        # Without other dispatchers, calls of a killed one need not wait until their lease expires.
        made.maintenance.look_after(everyone=presence.alone, ended=given.ended)
        presence.settled()
        made.finish += (presence.close,)
    elif given.ended:
        made.maintenance.look_after(ended=given.ended)
    return made
