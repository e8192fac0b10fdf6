"""Every page in a real browser: both languages and themes, a phone, no script, no barrier."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Open
from tests.console.tour import WHOLE
from tests.support.axe import findings
from tests.support.browser import shot
from tests.support.processes import ROOT, Installation
from tests.support.waiting import eventually

PHONE = {"width": 360, "height": 740}
BOTH = [("light", "en"), pytest.param("dark", "ru", marks=pytest.mark.thorough)]
ALWAYS = ("overview", "events", "event", "calls", "call", "rules", "playground")
"""What people look at most; the others are left to `make thorough`."""
EACH = [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.thorough) for name in WHOLE]


@pytest.fixture(scope="module", autouse=True)
def stored(bridge: Installation) -> None:
    """A payment that started a bot, and a rejected webhook."""
    paid = (ROOT / "mappings" / "samples" / "yookassa-paid.json").read_bytes()
    typed = {"Content-Type": "application/json"}
    assert bridge.post("/hooks/yookassa", paid, typed).status == 200
    assert bridge.post("/hooks/yookassa", paid, {**typed, "X-Forwarded-For": "203.0.113.7"}).status == 401
    assert eventually(lambda: len(bridge.calls()) == 1, seconds=60)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize(("theme", "language"), BOTH)
def test_nothing_stands_in_anybodys_way(visit: Open, name: str, theme: str, language: str) -> None:
    page = visit(WHOLE[name], color_scheme=theme, locale=language)
    assert findings(page) == []
    shot(page, f"{name}-{theme}-{language}")


@pytest.mark.thorough
@pytest.mark.parametrize(("theme", "language"), [("light", "ru"), ("dark", "en")])
def test_the_other_language_stands_in_nobodys_way_in_either_theme(
    visit: Open, theme: str, language: str
) -> None:
    page = visit(WHOLE["event"], color_scheme=theme, locale=language)
    assert findings(page) == []


@pytest.mark.thorough
def test_a_phone_with_a_clock_of_twelve_hours_shows_the_overview_without_scrolling_sideways(
    visit: Open,
) -> None:
    page = visit(WHOLE["overview"], viewport=PHONE, locale="en-US")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.thorough
def test_a_phone_shows_each_page_without_scrolling_sideways(visit: Open, bridge: Installation) -> None:
    page = visit("/", viewport=PHONE, locale="ru")
    for name, path in WHOLE.items():
        page.goto(f"http://127.0.0.1:{bridge.port}/console{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], name
        shot(page, f"{name}-phone-ru")
    assert findings(page) == []


def test_the_navigation_of_a_phone_opens_at_a_touch(visit: Open) -> None:
    page = visit("/", viewport=PHONE, has_touch=True, java_script_enabled=False)
    link = page.get_by_role("link", name="Audit")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").tap()
    link.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")


def test_without_a_script_language_and_colours_can_be_changed_and_stay(visit: Open) -> None:
    page = visit("/audit", java_script_enabled=False, color_scheme="light")
    page.get_by_role("button", name="RU: Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Журнал")
    page.get_by_role("button", name="Тёмное").click()
    page.get_by_role("link", name="Обзор", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert (
        page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(14, 17, 22)"
    )
