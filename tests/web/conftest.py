from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.web import protocol
from tests.support.processes import Installation, installation
from tests.web.served import App, Served

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id, type: $.kind}
rules:
  - name: sold
    start: {bot_id: 7, subscriber_id: $.buyer, variables: {order: $.id}}
"""
Serve = Callable[..., Installation]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts `leadbridge serve` with the mapping `shop` on a database."""
    with ExitStack() as stack:

        def start(database_url: str, **environment: str) -> Installation:
            settings = {"LEADCONVERTER_TOKEN": "t", "BRIDGE_WORKERS": "1", **environment}
            bridge = stack.enter_context(installation(tmp_path, database_url, **settings))
            (bridge.mappings / "shop.yml").write_text(MAPPING)
            bridge.start(sandbox=False, verb="serve")
            return bridge

        yield start


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def served(app: App) -> Iterator[Served]:
    made = Served(app)
    yield made
    made.close()


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`limit(IDLE_S=0.1)`: other limits for the connections of this test."""

    def set_limits(**limits: float) -> None:
        for name, value in limits.items():
            monkeypatch.setattr(protocol, name, value)

    return set_limits
