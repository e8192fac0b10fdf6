from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.errors import BridgeError, StoreUnavailable
from bridge.mapping_loader import PATIENCE, REREAD, LastGoodStore, MappingLoader, read_folder
from bridge.reasons.reason import GeneralCode, Reason

GOOD = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules: [{name: sold, start: {bot_id: 7, subscriber_id: $.buyer}}]
"""
OTHER = GOOD.replace("bot_id: 7", "bot_id: 8")
ENVIRONMENT = {"LEADCONVERTER_TOKEN": "t"}


class Stored:
    """Stores the last good set where a test can read it."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = files
        self.trouble = False

    def keep(self, files: Mapping[str, bytes]) -> None:
        self._trouble()
        self.files = files

    def recall(self) -> Mapping[str, bytes] | None:
        self._trouble()
        return self.files

    def _trouble(self) -> None:
        if self.trouble:
            raise StoreUnavailable(Reason(GeneralCode.VERBATIM, text="the database is away"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mappings"
    made.mkdir()
    (made / "shop.yml").write_text(GOOD)
    return made


def mapping_loader(folder: Path, stored: Stored | None = None) -> MappingLoader:
    last_good = LastGoodStore(stored.keep, stored.recall) if stored else None
    return MappingLoader(str(folder), ENVIRONMENT, last_good=last_good)


def loaded(folder: Path, stored: Stored | None = None) -> MappingLoader:
    """A mapping_loader after its first look, at second 0."""
    loader = mapping_loader(folder, stored)
    loader.check(0.0, unchanging=True)
    return loader


def bot(loader: MappingLoader) -> str:
    start = loader.current.sources["shop"].rules[0].start
    assert start is not None
    return start.bot_id.text


def test_a_change_is_loaded_by_the_second_check_that_finds_it(folder: Path) -> None:
    loader = loaded(folder)
    (folder / "shop.yml").write_text(OTHER)
    assert (loader.check(0.5), bot(loader)) == (False, "7")
    assert (loader.check(1.0), bot(loader)) == (True, "8")
    assert loader.check(1.5) is False


def test_files_that_never_come_to_rest_are_taken_up_all_the_same(folder: Path) -> None:
    loader = loaded(folder)
    (folder / "shop.yml").write_text(OTHER)
    for step in range(3):
        (folder / f"more{step}.txt").write_text("")
        (folder / "other.yml").write_text(GOOD.replace("source: shop", f"source: other{step}"))
        changed = loader.check(0.5 + step * PATIENCE / 2)
    assert changed
    assert bot(loader) == "8"


def test_a_new_version_behind_a_link_is_taken_up(tmp_path: Path) -> None:
    for version, text in (("1", GOOD), ("2", OTHER)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "shop.yml").write_text(text)
    link = tmp_path / "current"
    link.symlink_to("1")
    loader = loaded(link)
    (tmp_path / "next").symlink_to("2")
    (tmp_path / "next").replace(link)
    loader.check(0.5)
    assert (loader.check(1.0), bot(loader)) == (True, "8")


def test_a_mount_of_kubernetes_is_read_once_and_its_switch_taken_up(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    for version, text in (("..one", GOOD), ("..two", OTHER)):
        (folder / version).mkdir(parents=True)
        (folder / version / "shop.yml").write_text(text)
    (folder / "..data").symlink_to("..one")
    (folder / "shop.yml").symlink_to("..data/shop.yml")
    loader = loaded(folder)
    assert list(read_folder(folder)) == [str(folder / "shop.yml")]
    (folder / "..tmp").symlink_to("..two")
    (folder / "..tmp").replace(folder / "..data")
    loader.check(0.5)
    assert (loader.check(1.0), bot(loader)) == (True, "8")


def test_a_file_replaced_by_renaming_is_noticed_though_size_and_time_are_the_same(
    folder: Path,
) -> None:
    loader = loaded(folder)
    times = (folder / "shop.yml").stat()
    beside = folder / ".shop.yml.swp"
    beside.write_text(OTHER)
    beside.replace(folder / "shop.yml")
    assert (folder / "shop.yml").stat().st_size == times.st_size
    loader.check(0.5)
    assert (loader.check(1.0), bot(loader)) == (True, "8")


def test_drafts_are_left_out_and_linked_folders_are_followed_once(folder: Path, tmp_path: Path) -> None:
    (folder / ".#shop.yml").write_text("draft")
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "a.yaml").write_text("")
    (folder / "client").symlink_to(tmp_path / "client")
    (tmp_path / "client" / "round").symlink_to(folder)
    assert [Path(path).name for path in read_folder(folder)] == ["a.yaml", "shop.yml"]


def test_unchanged_files_are_read_now_and_then(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.mapping_loader._file_stats", lambda _: "always the same")
    loader = loaded(folder)
    (folder / "shop.yml").write_text(OTHER)
    assert loader.check(REREAD - 1) is False
    assert (loader.check(REREAD), bot(loader)) == (True, "8")


def test_a_change_is_all_or_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    loader = MappingLoader(str(folder), ENVIRONMENT, placeholder="not set")
    loader.check(0.0, unchanging=True)
    secret = 'verify: {token: {header: X-Token}}\nsecret: "${NOT_SET}"'
    (folder / "shop.yml").write_text(OTHER.replace("verify: none", secret))
    (folder / "broken.yml").write_text("source: [")
    loader.check(0.5)
    loader.check(1.0)
    assert (bot(loader), loader.ready, loader.stale) == ("7", True, True)
    assert caplog.messages[0] == "mappings are broken, the last good set stays in use"
    assert [" M100 " in one for one in caplog.messages[1:]] == [True]
    (folder / "shop.yml").write_text(OTHER)
    (folder / "broken.yml").unlink()
    loader.check(1.5)
    loader.check(2.0)
    assert (bot(loader), loader.stale) == ("8", False)


def test_a_missing_folder_is_logged_once_and_leaves_the_set_in_use(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loader = loaded(folder)
    folder.rename(folder.with_name("away"))
    assert not any(loader.check(0.5 * step) for step in range(1, 6))
    assert (bot(loader), loader.ready, loader.stale) == ("7", True, True)
    assert [one for one in caplog.messages if "read" in one] == [
        f"mappings cannot be read, the last good set stays in use: mapping folder {folder} is not there; "
        "create it, or point BRIDGE_MAPPINGS at the right one"
    ]
    folder.with_name("away").rename(folder)
    loader.check(3.0)
    assert (loader.ready, loader.stale) == (True, False)


def test_an_empty_folder_does_not_switch_every_source_off(folder: Path) -> None:
    loader = loaded(folder)
    (folder / "shop.yml").unlink()
    loader.check(0.5)
    loader.check(1.0)
    assert (bot(loader), loader.stale) == ("7", True)


def test_a_good_set_outlives_a_restart_with_broken_files(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = Stored()
    loaded(folder, stored)
    (folder / "shop.yml").write_text("source: [")
    loader = loaded(folder, stored)
    assert (bot(loader), loader.ready, loader.stale) == ("7", True, True)
    assert "the last good mappings are in use, from the database: 1 files" in caplog.messages
    (folder / "shop.yml").write_text(OTHER)
    loader.check(0.5)
    loader.check(1.0)
    assert (bot(loader), loader.stale) == ("8", False)
    assert stored.files == read_folder(folder)


def test_a_good_set_outlives_a_restart_without_the_folder(folder: Path) -> None:
    stored = Stored(read_folder(folder))
    folder.rename(folder.with_name("away"))
    loader = loaded(folder, stored)
    assert (bot(loader), loader.ready, loader.stale) == ("7", True, True)


def test_a_broken_set_is_never_kept(folder: Path) -> None:
    stored = Stored()
    loader = loaded(folder, stored)
    (folder / "shop.yml").write_text("source: [")
    loader.check(0.5)
    loader.check(1.0)
    assert stored.files == {str(folder / "shop.yml"): GOOD.encode()}


def test_a_kept_set_that_is_not_valid_here_is_not_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "shop.yml").write_text("source: [")
    kept = GOOD.replace("verify: none", "verify: {nobody: {}}")
    loader = loaded(folder, Stored({"mappings/shop.yml": kept.encode()}))
    assert not loader.ready
    assert caplog.messages[-1] == "the mappings stored in the database are not valid here either"


def test_storing_or_loading_the_last_good_set_is_retried_and_logged_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    stored = Stored()
    stored.trouble = True
    loader = loaded(folder, stored)
    loader.check(0.5)
    assert caplog.messages == ["the last good mappings cannot be stored or loaded: the database is away"]
    stored.trouble = False
    loader.check(1.0)
    assert stored.files == read_folder(folder)

    (folder / "shop.yml").write_text("source: [")
    stored.trouble = True
    again = loaded(folder, stored)
    assert not again.ready
    stored.trouble = False
    again.check(0.5)
    assert bot(again) == "7"


def test_reading_at_once_says_that_the_folder_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match=r"^mapping folder .*/none is not there$"):
        mapping_loader(tmp_path / "none").refresh()


def test_a_variable_that_appears_opens_its_source_within_ten_seconds(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    needs = GOOD.replace("verify: none", "secret: ${LATE}\nverify: {token: {header: X-Token}}")
    (folder / "shop.yml").write_text(needs)
    variables = dict(ENVIRONMENT)
    loader = MappingLoader(str(folder), dict(variables), reread=lambda: dict(variables))
    loader.check(0.0, unchanging=True)
    assert loader.ready
    assert loader.current.sources["shop"].unset == ("LATE",)
    told = ["source shop is closed, its webhooks are answered 503: LATE is not set"]
    assert caplog.messages == told
    for second in range(1, 30):
        loader.check(float(second))
    assert caplog.messages == told
    variables["LATE"] = "s3cret"
    loader.check(30.0)
    loader.check(40.0)
    assert list(loader.current.sources["shop"].unset) == []
    assert caplog.messages == told


def test_an_empty_folder_is_no_fault_until_there_was_a_good_set(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "shop.yml").unlink()
    loader = loaded(folder, Stored())
    assert (loader.ready, loader.empty) == (False, True)
    assert caplog.messages == [f"there is no mapping file in {folder}"]
    (folder / "shop.yml").write_text("source: [")
    loader.refresh()
    assert (loader.ready, loader.empty) == (False, False)
    (folder / "shop.yml").write_text(GOOD)
    loader.refresh()
    (folder / "shop.yml").unlink()
    loader.refresh()
    assert (loader.ready, loader.empty, loader.stale) == (True, False, True)
