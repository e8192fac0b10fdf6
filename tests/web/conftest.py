from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.processes import Installation, installation

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
