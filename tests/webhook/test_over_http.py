"""The same samples through the real HTTP door: Werkzeug leaves every signature whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge.intake import Intake
from bridge.model import Reply, Request
from bridge.settings import Proxies
from bridge.web import hooks
from bridge.webhook.incoming import NOBODY, Trust
from bridge.webhook.source import Accepted, Answered, Reception, Source, Unreadable
from tests.webhook.support import NOW, source_of
from tests.webhook.test_own_samples import SAMPLES
from tests.webhook.test_reference_payloads import CASES, load, needs_payloads


@dataclass
class Door:
    """Stands where the intake stands: shows what came through the door to one source."""

    source: Source
    now: int
    trust: Trust = NOBODY
    receptions: list[Reception] = field(default_factory=list)

    def receive(self, name: str, request: Request) -> Reply:
        assert name == "shop"
        reception = self.source.receive(request, self.now, self.trust)
        self.receptions.append(reception)
        if isinstance(reception, Accepted | Answered | Unreadable):
            return reception.reply
        return Reply(reception.status, b"refused")


def through(door: Door, webhook: Request) -> tuple[int, bytes]:
    """Send a request by HTTP; what the sender hears."""
    app = Flask(__name__)
    app.register_blueprint(hooks.blueprint(cast(Intake, door), Proxies(), trust_local=False))
    path = "/hooks/shop" + (f"/{webhook.path_token}" if webhook.path_token else "")
    client: FlaskClient = app.test_client()
    answer = client.open(
        path,
        method=webhook.method,
        query_string=webhook.query,
        headers=list(webhook.headers),
        data=webhook.body,
        environ_overrides={"REMOTE_ADDR": webhook.client},
    )
    return answer.status_code, answer.data


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_of_our_own(name: str) -> None:
    sample = SAMPLES[name]
    text = f"source: shop\nprofile: {name}\nsecret: ${{S}}\n{sample.more}"
    door = Door(source_of(text, S=sample.secret), NOW)
    assert through(door, sample.request) == (200, sample.reply), door.receptions


@needs_payloads
@pytest.mark.parametrize("name", CASES)
def test_a_reference_sample(name: str) -> None:
    sample = load(name)
    expected = sample.source.receive(sample.request, sample.now, sample.trust)
    assert isinstance(expected, Accepted | Answered | Unreadable)
    door = Door(sample.source, sample.now, sample.trust)
    assert through(door, sample.request) == (200, expected.reply.body), door.receptions
    (reception,) = door.receptions
    if isinstance(expected, Accepted):
        assert isinstance(reception, Accepted)
        assert [(event.id, event.type, event.document) for event in reception.events] == [
            (event.id, event.type, event.document) for event in expected.events
        ]
