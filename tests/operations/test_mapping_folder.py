from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping.compile.compiler import Compiled
from bridge.mapping_loader import MappingLoader
from bridge.operations.authoring.mapping_folder import file_called, folder_files
from bridge.settings import Settings, load
from tests.operations.given import ENVIRONMENT, SHOP


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "bakery.yml").write_text(SHOP)
    (tmp_path / "broken.yml").write_text("source: broken\nprofile: json\nsecret: ${SHOP_SECRET}\nrulse: []\n")
    (tmp_path / "accounts.yml").write_text("accounts: {main: {token: '${LEADCONVERTER_TOKEN}'}}\n")
    return load({**ENVIRONMENT, "BRIDGE_MAPPINGS": str(tmp_path)})


def read(settings: Settings) -> Compiled:
    rules = MappingLoader(settings.mappings, settings.environment)
    rules.refresh()
    return rules.latest


def test_every_file_is_there_broken_ones_too_and_accounts_come_last(settings: Settings) -> None:
    found = folder_files(settings, read(settings))
    assert [(one.name, one.label, one.source, one.errors, one.accounts) for one in found] == [
        ("broken.yml", "broken.yml", "", 1, False),
        ("clients/bakery.yml", "shop", "shop", 0, False),
        ("accounts.yml", "accounts.yml", "", 0, True),
    ]


def test_a_file_is_found_by_its_source_and_by_its_name(settings: Settings) -> None:
    compiled = read(settings)
    by_source = file_called(settings, compiled, "shop")
    assert by_source is not None
    assert by_source == file_called(settings, compiled, "clients/bakery.yml")
    assert by_source.text.decode() == SHOP
    assert file_called(settings, compiled, "nothing") is None
    assert file_called(settings, compiled, "../settings") is None
