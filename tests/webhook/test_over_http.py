"""The same samples through the real HTTP side and the real intake, into a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast
from urllib.parse import quote

import pytest

from bridge.intake import Intake
from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.mapping_loader import MappingLoader
from bridge.model import Event, Request
from bridge.settings import Proxies
from bridge.store.db.engine import Store
from bridge.store.db.writer import Writer
from bridge.store.inbox.events import batch_writer
from bridge.store.reports import event_views
from bridge.web import webhooks
from bridge.webhook.incoming import NO_TRUST, Trust
from bridge.webhook.source import Accepted, Answered, Source, Unreadable
from tests.support.asgi import ask, scope_of
from tests.webhook.support import NOW, source_of
from tests.webhook.test_own_samples import SAMPLES
from tests.webhook.test_reference_payloads import CASES, load, needs_payloads

_MAPPING = b"""
source: shop
body: json
verify: none
rules: [{name: any, start: {bot_id: 1, subscriber_id: 1}}]
"""


class Rules:
    """One source and no rules, in the place of a folder of mapping files."""

    ready = True

    def __init__(self, source: Source) -> None:
        (mapping,) = compile_files({"shop.yml": _MAPPING}, {"LEADCONVERTER_TOKEN": "t"}).sources.values()
        self.current = Compiled({"shop": replace(mapping, source=source, rules=())}, valid=True)


class WebProcess:
    """A web process for one source, at a time of the test's choice."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writer = Writer(store, batch_writer(store))

    def send(
        self, source: Source, now_ms: int, webhook: Request, trust: Trust = NO_TRUST
    ) -> tuple[int, bytes]:
        """Send a request by HTTP; what the sender hears."""
        intake = Intake(
            cast(MappingLoader, Rules(source)),
            self.writer,
            is_known_source=lambda _: False,
            wake=lambda: None,
            no_room=lambda: None,
            trust=trust,
            clock=lambda: now_ms / 1000,
        )
        app = webhooks.Webhooks(intake, Proxies(), trust_local=False)
        token = f"/{quote(webhook.path_token)}" if webhook.path_token else ""
        target = f"/hooks/shop{token}?{webhook.query}"
        scope = scope_of(webhook.method, target, webhook.headers, webhook.client)
        answer = ask(app, scope, webhook.body)
        return answer.status, answer.body

    def stored(self) -> list[Event]:
        """The events on disk, oldest first."""
        with self.store.read() as connection:
            found = event_views.scan(connection, event_views.EventFilter())
        return [one.event for one in found if one.event is not None]


@pytest.fixture
def process(sqlite_store: Store) -> Iterator[WebProcess]:
    made = WebProcess(sqlite_store)
    yield made
    made.writer.close()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_of_our_own(process: WebProcess, name: str) -> None:
    sample = SAMPLES[name]
    source = source_of(f"source: shop\nprofile: {name}\nsecret: ${{S}}\n{sample.more}", S=sample.secret)
    assert process.send(source, NOW, sample.request) == (200, sample.reply)


@needs_payloads
@pytest.mark.parametrize("name", CASES)
def test_a_reference_sample(process: WebProcess, name: str) -> None:
    sample = load(name)
    expected = sample.source.receive(sample.request, sample.now, sample.trust)
    assert isinstance(expected, Accepted | Answered | Unreadable)
    assert process.send(sample.source, sample.now, sample.request, sample.trust) == (200, expected.reply.body)
    wanted = expected.events if isinstance(expected, Accepted) else ()
    assert [(event.id, event.type, event.document) for event in process.stored()] == [
        (event.id, event.type, event.document) for event in wanted
    ]
