from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.mapping_loader import MappingLoader
from bridge.operations.authoring.save import (
    ChangedOnDisk,
    EditedFile,
    InvalidMappings,
    check_edit,
    digest,
    save,
)
from bridge.settings import Settings, load
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit
from bridge.store.reports.pagination import Page
from bridge.text.render import english
from tests.operations.given import ENVIRONMENT, SHOP

ANNA = Decider("anna")
CHEAPER = SHOP.replace("gte: 100", "gte: 50")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "shop.yml").write_text(SHOP)
    return load({**ENVIRONMENT, "BRIDGE_MAPPINGS": str(tmp_path / "mappings"), "BRIDGE_CONSOLE_EDIT": "1"})


@pytest.fixture
def rules(settings: Settings) -> MappingLoader:
    return MappingLoader(settings.mappings, settings.environment)


def edited(settings: Settings, text: str = CHEAPER, name: str = "shop.yml", loaded: str = SHOP) -> EditedFile:
    return EditedFile(f"{settings.mappings}/{name}", text.encode(), digest(loaded.encode()), {})


def test_a_file_is_saved_with_its_sample_and_recorded(settings: Settings, store: Store) -> None:
    wanted = EditedFile(
        f"{settings.mappings}/new/one.yml", b"source: one\n", "", {"samples/one.json": b"{}\n"}
    )
    (Path(settings.mappings) / "new").mkdir()
    save(store, wanted, ANNA)
    found = sorted(path.name for path in Path(settings.mappings).rglob("*") if path.is_file())
    assert found == ["one.json", "one.yml", "shop.yml"]
    assert Path(wanted.path).read_bytes() == b"source: one\n"
    with store.read() as connection:
        (action,) = audit.page_of_actions(connection, Page(None, 10)).items
    assert (action.who, english(action.what), action.kind, action.target) == (
        "anna",
        f"save as {digest(wanted.text)[:12]}",
        "file",
        wanted.path,
    )


def test_a_sound_change_passes_and_keeps_the_mode_of_the_file(
    settings: Settings, rules: MappingLoader, store: Store
) -> None:
    path = Path(settings.mappings, "shop.yml")
    path.chmod(0o640)
    check_edit(settings, rules, edited(settings))
    save(store, edited(settings), ANNA)
    assert path.read_text() == CHEAPER
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(settings: Settings, store: Store, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.yml"
    Path(settings.mappings, "shop.yml").rename(real)
    Path(settings.mappings, "shop.yml").symlink_to(real)
    save(store, edited(settings), ANNA)
    assert Path(settings.mappings, "shop.yml").is_symlink()
    assert real.read_text() == CHEAPER


def test_a_text_with_errors_is_refused_with_all_of_them(settings: Settings, rules: MappingLoader) -> None:
    with pytest.raises(InvalidMappings) as caught:
        check_edit(settings, rules, edited(settings, SHOP.replace("bot_id", "bot").replace("gte", "get")))
    assert {Path(one.path).name for one in caught.value.findings} == {"shop.yml"}
    assert len({one.line for one in caught.value.findings}) == 3


def test_a_text_that_breaks_another_file_is_refused(settings: Settings, rules: MappingLoader) -> None:
    with pytest.raises(InvalidMappings) as caught:
        check_edit(settings, rules, edited(settings, CHEAPER, "again.yml", ""))
    assert 'source "shop" is defined twice' in str(caught.value)


def test_one_of_two_files_with_errors_can_be_corrected(
    settings: Settings, rules: MappingLoader, store: Store
) -> None:
    broken = SHOP.replace("bot_id", "bot")
    Path(settings.mappings, "shop.yml").write_text(broken)
    Path(settings.mappings, "other.yml").write_text("source: other\nrulse: []\n")
    corrected = edited(settings, loaded=broken)
    check_edit(settings, rules, corrected)
    save(store, corrected, ANNA)
    assert Path(settings.mappings, "shop.yml").read_text() == CHEAPER


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(
    settings: Settings, rules: MappingLoader, store: Store
) -> None:
    path = Path(settings.mappings, "shop.yml")
    path.write_text(SHOP.replace("bot_id: 7", "bot_id: 8"))
    with pytest.raises(ChangedOnDisk):
        save(store, edited(settings), ANNA)
    with pytest.raises(ChangedOnDisk) as caught:
        check_edit(settings, rules, edited(settings))
    assert "-      bot_id: 8" in caught.value.difference
    assert "+      bot_id: 7" in caught.value.difference
    assert caught.value.digest == digest(path.read_bytes())
    with store.read() as connection:
        assert audit.page_of_actions(connection, Page(None, 10)).items == ()


def test_a_new_file_does_not_take_the_place_of_one_that_is_there(
    settings: Settings, rules: MappingLoader
) -> None:
    with pytest.raises(ChangedOnDisk):
        check_edit(settings, rules, edited(settings, loaded=""))


@pytest.mark.parametrize("name", ["../shop.yml", "accounts.yml", "gone/shop.yml"])
def test_what_is_no_mapping_file_of_the_folder_is_left_alone(
    settings: Settings, rules: MappingLoader, name: str
) -> None:
    with pytest.raises(BridgeError):
        check_edit(settings, rules, edited(settings, CHEAPER, name, ""))


def test_without_the_setting_nothing_is_saved(settings: Settings, rules: MappingLoader) -> None:
    locked = load({"BRIDGE_MAPPINGS": settings.mappings})
    with pytest.raises(BridgeError, match="cannot be saved here"):
        check_edit(locked, rules, edited(settings))


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(
    settings: Settings, store: Store
) -> None:
    # A file stands where the sample's folder would be: root is stopped by that, too.
    Path(settings.mappings, "samples").write_text("")
    wanted = EditedFile(
        f"{settings.mappings}/shop.yml", b"x", digest(SHOP.encode()), {"samples/a.json": b"{}"}
    )
    with pytest.raises(BridgeError, match="cannot be written"):
        save(store, wanted, ANNA)
    assert Path(settings.mappings, "shop.yml").read_text() == SHOP
    assert sorted(os.listdir(settings.mappings)) == ["samples", "shop.yml"]


def test_of_two_simultaneous_saves_one_is_refused(settings: Settings, store: Store) -> None:
    heard: list[str] = []

    def attempt(text: str) -> None:
        try:
            save(store, edited(settings, text), ANNA)
            heard.append("saved")
        except ChangedOnDisk:
            heard.append("moved")

    threads = [threading.Thread(target=attempt, args=(CHEAPER + f"# {number}\n",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard) == ["moved", "moved", "moved", "saved"]
