"""What a sender, LeadConverter or a person wrote is text on every page, however it tries to be more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.console.conftest import MakeSite
from tests.console.hostile import EACH, PLAIN, TEXTS, fill, readable, recipient, write_mappings
from tests.console.tour import WHOLE
from tests.console.visits import Site, served
from tests.store.given import rows
from tests.support.browser import Watched

_LOOK = """() => {
  const all = [...document.querySelectorAll('*')];
  const counted = ['script', 'style', 'title', 'meta', 'link', 'base', 'iframe', 'object', 'embed'];
  const made = one => [one.localName, ...[...one.attributes].map(own => `${one.localName} ${own.name}`)];
  return {
    names: [...new Set(all.flatMap(made))],
    counts: Object.fromEntries(counted.map(name => [name, document.querySelectorAll(name).length])),
    targets: [...new Set(all.flatMap(one => ['href', 'src', 'action', 'formaction', 'data'].map(a => one[a])
      .filter(value => typeof value === 'string' && value)))],
    text: document.body.textContent,
  };
}"""
PAGE = 50


@dataclass(frozen=True)
class Seen:
    """What a page is made of."""

    names: set[str]
    """Of its elements, and of their attributes."""
    counts: dict[str, int]
    targets: list[str]
    text: str


def filled(site: MakeSite, folder: Path, template: Path, texts: tuple[str, ...]) -> Site:
    folder.mkdir()
    shutil.copy(template, folder / "bridge.db")
    write_mappings(folder / "mappings", texts)
    one = site(
        BRIDGE_MAPPINGS=str(folder / "mappings"),
        DATABASE_URL=f"sqlite:///{folder}/bridge.db",
        LEADCONVERTER_TOKEN="t",
        CLOSED="c",
        BRIDGE_CONSOLE_EDIT="1",
    )
    fill(one, texts)
    return one


def visits(site: Site, texts: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Which page it is, where, and the texts that stand on it."""
    store = site.side.store
    yield from ((name, path, ()) for name, path in WHOLE.items())
    calls = [row[0] for row in rows(store, "SELECT id FROM calls ORDER BY id")]
    for name, last in (("events", len(texts)), ("calls", calls[-1]), ("audit", len(calls))):
        yield from ((name, f"/{name}?before={number}", ()) for number in range(last, 1, -PAGE))
    for first in range(0, len(texts), EACH):
        some = texts[first : first + EACH]
        kept = next(filter(readable, some))
        number = rows(store, f"SELECT min(id) FROM events WHERE type = '{_sql(kept)}'")[0][0]
        yield "event", f"/events/{number}", some
        yield "event_replay", f"/events/{number}/replay?again=1", ()
        for call in rows(store, f"SELECT id FROM calls WHERE event_id = {number}"):
            yield "call", f"/calls/{call[0]}", ()
        yield "refusal", f"/refusals/{first // EACH + 1}", ()
        yield "recipient", f"/recipients/{quote(recipient(kept))}", ()
        yield "choose", f"/connect/to/yookassa/choose/{number}", ()
        yield "playground", f"/playground?event={number}", ()


def _sql(text: str) -> str:
    return text.replace("'", "''")


class Tourist:
    """Looks at pages, and notes what runs or complains."""

    def __init__(self, browser: Browser, language: str) -> None:
        self.watched = Watched(browser.new_context(locale=language))
        self.ran: list[str] = []
        self.page: Page = self.watched.page()
        self.page.on("dialog", self._dialog)
        self.page.expose_function("boom", lambda *_: self.ran.append(self.page.url))

    def look(self, address: str) -> Seen:
        self.page.goto(address)
        found: dict[str, Any] = self.page.evaluate(_LOOK)
        return Seen(set(found["names"]), found["counts"], found["targets"], found["text"])

    def _dialog(self, dialog: Any) -> None:
        self.ran.append(dialog.message)
        dialog.dismiss()


def shows(text: str, page: str) -> bool:
    """As it is, or as JSON spells it."""
    return any(" ".join(one.split()) in page for one in (text, json.dumps(text, ensure_ascii=False)[1:-1]))


@pytest.mark.thorough
@pytest.mark.parametrize("language", ["en", "ru"])
def test_four_hundred_hostile_texts_in_every_stored_field_stay_text(
    site: MakeSite, browser: Browser, tmp_path: Path, sqlite_template: Path, language: str
) -> None:
    assert len(set(TEXTS)) == 400
    usual: dict[str, Seen] = {}
    tourist = Tourist(browser, language)
    with served(filled(site, tmp_path / "plain", sqlite_template, PLAIN)) as address:
        for name, path in WHOLE.items():
            usual[name] = tourist.look(f"{address}/console{path}")
    known = set().union(*(seen.names for seen in usual.values()))
    hostile = filled(site, tmp_path / "hostile", sqlite_template, TEXTS)
    with served(hostile) as address:
        for place, (name, path, texts) in enumerate(visits(hostile, TEXTS)):
            if place >= len(WHOLE) and place % 2 == (language == "en"):
                continue
            seen = tourist.look(f"{address}/console{path}")
            assert (path, seen.names - known) == (path, set())
            assert (path, seen.counts) == (path, usual[name].counts)
            strange = [one for one in seen.targets if not one.startswith((f"{address}/console", "data:,"))]
            assert (path, strange) == (path, [])
            page = " ".join(seen.text.split())
            shown = [text for text in texts if text.isprintable() and len(text) < 160]
            assert (path, [text for text in shown if not shows(text, page)]) == (path, [])
    assert tourist.ran == []
    assert tourist.watched.complaints == []
    tourist.watched.context.close()
