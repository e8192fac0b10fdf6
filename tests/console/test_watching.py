"""Events and overview in a real browser: webhooks that come in while one looks, searches that go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bridge.store.reports import pagination
from bridge.web.console import bulk
from tests.console.conftest import MakeSite, Open
from tests.console.test_calls import uncertain
from tests.console.visits import served
from tests.store.given import sale, states, take_in
from tests.support.browser import Watched
from tests.support.processes import Installation

pytestmark = pytest.mark.thorough


def pay(bridge: Installation, number: int) -> None:
    paid = {
        "id": f"live-{number}",
        "amount": {"value": "1990.00"},
        "metadata": {"course": "python", "subscriber_id": "778899", "name": "Мария"},
    }
    assert bridge.post("/hooks/yookassa", {"event": "payment.succeeded", "object": paid}).status == 200


def test_what_one_reads_stays_where_it_is_while_webhooks_come_in_above(
    visit: Open, bridge: Installation
) -> None:
    for number in range(20):
        pay(bridge, number)
    page = visit("/events", viewport={"width": 1280, "height": 420})
    row = page.locator("tbody tr").nth(12)
    name = row.get_attribute("id") or ""
    row.get_by_role("link").first.focus()
    page.evaluate("id => document.getElementById(id).scrollIntoView()", name)
    before = page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", name)
    pay(bridge, 20)
    expect(page.locator("tbody tr").first).to_contain_text("live-20", timeout=30_000)
    after = page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", name)
    assert abs(after - before) < 2
    expect(page.locator(f"#{name} a.row")).to_be_focused()


def test_the_overview_leads_from_a_figure_to_what_is_behind_it(visit: Open, bridge: Installation) -> None:
    pay(bridge, 50)
    page = visit("/?span=hour")
    page.get_by_role("link", name="Week").click()
    expect(page).to_have_url(f"http://127.0.0.1:{bridge.port}/console/?span=week")
    page.get_by_text("These figures as a table").click()
    expect(page.locator("#figures tbody tr")).to_have_count(28)
    page.get_by_role("link", name="Received").click()
    expect(page.get_by_label("Within")).to_have_value("7d")


@pytest.fixture
def searching(browser: Browser, site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The search of a console that looks at two events for each page, and has ten of them."""
    monkeypatch.setattr(pagination, "SEARCHED", 2)
    one = site()
    take_in(one.side.store, sale("p1", document={"note": "needle"}))
    for number in range(2, 11):
        take_in(one.side.store, sale(f"p{number}"))
    with served(one) as address, browser.new_context(locale="en", base_url=address) as context:
        watched = Watched(context)
        yield watched.page()
        assert watched.complaints == []


def test_a_search_goes_on_by_itself_until_it_has_found_something(searching: Page) -> None:
    searching.goto("/console/events?search=needle")
    expect(searching.locator("tbody tr")).to_contain_text("p1")


def test_a_long_change_goes_on_by_itself(
    browser: Browser, site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "SECONDS", 0)
    one = site()
    uncertain(one.side.store, *range(1, 26))
    with served(one) as address, browser.new_context(locale="en", base_url=address) as context:
        page = context.new_page()
        page.goto("/console/calls/decide?choice=done&state=uncertain")
        page.get_by_label("Reason").fill("seen in the log")
        page.get_by_role("button", name="Mark 25 calls as done").click()
        page.get_by_role("dialog").get_by_role("button").last.click()
        expect(page.get_by_text("25 were done.")).to_be_visible()
    assert set(states(one.side.store).values()) == {"done"}


def test_a_search_that_finds_nothing_says_so_at_the_end(searching: Page) -> None:
    searching.goto("/console/events?search=nothing+like+it")
    expect(searching.get_by_text("Everything that is stored was searched.")).to_be_visible()


def test_without_a_script_a_link_looks_further_back(searching: Page, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False, locale="en") as context:
        page = context.new_page()
        searching.goto("/console/audit")
        page.goto(searching.url.replace("audit", "events?search=needle"))
        for _ in range(4):
            page.get_by_role("link", name="Search further back").click()
        expect(page.locator("tbody tr")).to_contain_text("p1")
