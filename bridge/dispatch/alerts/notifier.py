"""Sends alerts: finds events and sources to report, and delivers what has been noted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Final, Protocol, TypeVar

from bridge.dispatch.alerts import messages
from bridge.dispatch.alerts.events import AlertEvents, Happened
from bridge.dispatch.http.client import Client
from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import to_json
from bridge.model import ALERT_SOURCE, Alerts, AlertStart, Application, Event, Json, Request
from bridge.reasons.alerts import AlertCode
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.engine import Store
from bridge.store.inbox.events import Delivery, accept
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import repeat_views, sources, trends
from bridge.store.state import alerts
from bridge.store.state.alerts import Pending
from bridge.text.catalogue import ENGLISH
from bridge.text.render import english

log = logging.getLogger(__name__)

EVERY: Final = 5.0
"""Seconds between two looks."""
SETTLED_MS: Final = 10_000
"""After so long no event with a smaller id turns up any more."""
_UNKNOWN: Final = "unknown_account/"
RESULTS: Final = {"failing": "failed", "unreadable": "unreadable"}


One = TypeVar("One")


class OnThread(Protocol):
    """Runs something outside of the event loop."""

    def __call__(self, work: Callable[[], One], /) -> Awaitable[One]: ...


class AlertNotifier:
    """One dispatcher's share of the alerts; any number may send them at once.

    Alerts are in `language`. `on_thread` runs what deals with the database. `accounts` gives the names of all
    accounts in the mapping files, none before they are read.
    """

    def __init__(
        self,
        store: Store,
        events: AlertEvents,
        client: Client,
        language: str = ENGLISH,
        on_thread: OnThread = asyncio.to_thread,
        accounts: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.store = store
        self.events = events
        self.client = client
        self.language = language
        self.on_thread = on_thread
        self.accounts = accounts
        self.over = asyncio.Event()

    async def keep(self) -> None:
        """Look every few seconds, until `close`."""
        while not self.over.is_set():
            try:
                await self.look()
            except BridgeError as trouble:
                log.warning("cannot check for alerts, trying again: %s", trouble)
            except Exception:
                # A look that fails must not be the last one.
                log.exception("checking for alerts failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), EVERY)

    async def close(self, keeping: asyncio.Task[None], timeout: float = 2.0) -> None:
        """Look no more; an alert on its way gets `timeout` seconds, or is sent by the next process."""
        self.over.set()
        await asyncio.wait([keeping], timeout=timeout)

    async def look(self) -> None:
        """Once around. Raises StoreUnavailable."""
        wanted = self.events.wanted()
        if not (wanted.url or wanted.start):
            return
        now, taken = await self.on_thread(partial(self.find, wanted))
        for one in taken:
            log.warning("alert: %s", english(messages.message(one)))
            if wanted.url:
                await self.post(one, wanted, now)

    def find(self, wanted: Alerts) -> tuple[int, list[Pending]]:
        """Note what is to be reported, and take what is to be sent now: its time, and the alerts."""
        with self.store.transaction() as connection:
            now = self.store.now(connection)
            found = [*failing(connection, now), *ambiguous(connection, now), *silent(connection, now, wanted)]
            found += unknown(connection, now, self.accounts())
            self.events.note(connection, now, found)
            taken = take(connection, now, wanted)
            for one in taken:
                if wanted.start:
                    accept(connection, now, [delivery(one, wanted.start, now, self.language)])
                    alerts.mark_sent(connection, now, one)
        return now, taken

    async def post(self, one: Pending, wanted: Alerts, now: int) -> None:
        """Post one alert. Where that is the only way and fails, it is tried again soon."""
        document = messages.document(one, now, self.language)
        fault = await self.client.post(wanted.url, to_json(document).encode())
        if fault:
            log.error("cannot post the alert: %s", english(fault))
        if not wanted.start:
            await self.on_thread(partial(self.posted, one, now, fault))

    def posted(self, one: Pending, now: int, fault: Reason | None) -> None:
        """Write down that the alert taken at `now` was posted, or was not."""
        with self.store.transaction() as connection:
            if fault:
                alerts.retry_soon(connection, self.store.now(connection), one, now)
            else:
                alerts.mark_sent(connection, self.store.now(connection), one)


def take(connection: Transaction, now: int, wanted: Alerts) -> list[Pending]:
    """Take the alerts that this process is to send now, and drop those that the owner no longer wants."""
    due = alerts.due(connection, now)
    for one in due:
        if not wanted.wants(one.kind):
            alerts.mark_sent(connection, now, one)
    return [one for one in due if wanted.wants(one.kind) and alerts.take(connection, now, one)]


def failing(connection: Transaction, now: int) -> list[Happened]:
    """Events with failed rules or unreadable bodies since the last look of any process."""
    return [happened for kind in RESULTS for happened in troubles(connection, now, kind)]


def troubles(connection: Transaction, now: int, kind: str) -> list[Happened]:
    """Events of this kind since the mark, which moves to the last of them."""
    mark = alerts.mark(connection, kind)
    if mark is None:
        alerts.begin(connection, now, kind, alerts.newest_event(connection))
        return []
    found = alerts.troubles(connection, RESULTS[kind], mark.at, now - SETTLED_MS)
    if not found or not alerts.move(connection, kind, mark.at, found[-1].event_id):
        # Nothing new, or another dispatcher moved the mark first and reports these events.
        return []
    return [
        (kind, Reason(AlertCode.OF_EVENT, event=one.event_id, source=one.source, why=cause_of(one)))
        for one in found
    ]


def cause_of(one: alerts.Trouble) -> Reason | None:
    """Why, without what the sender wrote."""
    if not one.failures:
        return one.error
    first = one.failures[0]
    return Reason(AlertCode.UNUSABLE, rule=first.rule, key=first.key, path=first.path)


def ambiguous(connection: Transaction, now: int) -> list[Happened]:
    """Sources that sent something else under a known id; of each again only after a week without any."""
    found = []
    for one in repeat_views.ambiguous(connection, now):
        name = f"ambiguous/{one.source}"
        mark = alerts.mark(connection, name)
        if mark is None:
            alerts.begin(connection, now, name, 0)
        before = mark.at if mark else 0
        later = one.last_at > before and alerts.move(connection, name, before, one.last_at)
        if later and before < now - repeat_views.RECENT_MS:
            other = Reason(ProblemCode.AMBIGUOUS_COUNT, count=one.count)
            what = Reason(AlertCode.OF_SOURCE, source=one.source, what=other)
            found.append(("ambiguous", what))
    return found


def unknown(connection: Transaction, now: int, accounts: Collection[str]) -> list[Happened]:
    """Accounts that no mapping file has while calls wait for them; each once until it is back."""
    if not accounts:
        return []
    for name, at in alerts.marks(connection, _UNKNOWN).items():
        if at and name in accounts:
            alerts.move(connection, f"{_UNKNOWN}{name}", at, 0)
    found = []
    for one in trends.unsent_of_others(connection, accounts):
        name = f"{_UNKNOWN}{one.account}"
        alerts.begin(connection, now, name, 0)
        if alerts.move(connection, name, 0, now):
            many = one.live + one.waiting
            found.append(("paused", Reason(AlertCode.UNKNOWN_ACCOUNT, account=one.account, count=many)))
    return found


def silent(connection: Transaction, now: int, wanted: Alerts) -> list[Happened]:
    """Sources that have sent nothing for as long as their owner said; each once per silence."""
    if not wanted.silence or not wanted.wants("silent"):
        return []
    heard = sources.last_received(connection)
    found = []
    for source, seconds in sorted(wanted.silence.items()):
        name = f"silent/{source}"
        mark = alerts.mark(connection, name)
        if mark is None:
            alerts.begin(connection, now, name, 0)
            continue
        last = max(heard.get(source, 0), mark.since)
        late = now - last > seconds * 1000 and mark.at != last
        if late and alerts.move(connection, name, mark.at, last):
            what = Reason(AlertCode.SENT_NOTHING, source=source, since=messages.moment(last))
            found.append(("silent", what))
    return found


def delivery(one: Pending, start: AlertStart, now: int, language: str) -> Delivery:
    """The alert as an event of the bridge's own, with the call that starts the owner's bot."""
    document: Json = messages.document(one, now, language)
    body = to_json(document).encode()
    event = Event(ALERT_SOURCE, f"{one.kind}-{now}", one.kind, now, document, {}, {})
    made = Application((messages.bot_start(one, start, language),), (), ())
    request = Request("POST", "", (("Content-Type", "application/json"),), body, "")
    return Delivery(
        ALERT_SOURCE, request, now, Reason(WebhookCode.BY_BRIDGE), "", ((event, made),), secrets="[]"
    )
