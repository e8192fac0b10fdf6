"""In a real browser: an event is followed to its bot, a call in doubt is settled, events are replayed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Open
from tests.console.test_looks import BOTH, PHONE
from tests.support.axe import findings
from tests.support.browser import shot
from tests.support.processes import Installation
from tests.support.waiting import eventually

WHY = "seen in LeadConverter"
LOOKS = {
    "event": "/events/1",
    "event-rule": "/events/1?rule=course paid",
    "event-replay": "/events/1/replay?again=1",
    "calls": "/calls",
    "call": "/calls/1",
    "bulk": "/calls/decide?choice=done&state=uncertain",
    "replay": "/replay?source=yookassa",
    "recipient": "/recipients/101",
}


def payment(number: int, **metadata: str) -> dict[str, Any]:
    return {
        "type": "notification",
        "event": "payment.succeeded",
        "object": {
            "id": f"payment-{number}",
            "amount": {"value": "1990.00", "currency": "RUB"},
            "captured_at": "2026-05-10T14:28:03.412Z",
            "metadata": {"subscriber_id": str(number), "course": "python", "name": "Мария", **metadata},
        },
    }


def pay(bridge: Installation, number: int, **metadata: str) -> None:
    assert bridge.post("/hooks/yookassa", payment(number, **metadata)).status == 200


def in_doubt(bridge: Installation, number: int) -> None:
    """LeadConverter takes the call and breaks the connection."""
    before = len(bridge.calls())
    bridge.faults(kind="reset")
    pay(bridge, number)
    assert eventually(lambda: len(bridge.calls()) > before)


SCRIPTS = [
    pytest.param(True, id="script"),
    pytest.param(False, id="no script", marks=pytest.mark.thorough),
]


@pytest.fixture(scope="module", autouse=True)
def paid(bridge: Installation) -> None:
    """Event 1 started a bot, call 2 is in doubt."""
    pay(bridge, 101)
    assert eventually(lambda: len(bridge.calls()) == 1)
    in_doubt(bridge, 102)


def open_call(page: Page, subscriber: int) -> None:
    page.goto(page.url.rpartition("/console")[0] + f"/console/calls?recipient={subscriber}")
    page.locator("tbody tr").first.locator("a.row").click()


@pytest.mark.thorough
@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize(("theme", "language"), BOTH)
def test_nothing_stands_in_anybodys_way(visit: Open, name: str, theme: str, language: str) -> None:
    page = visit(LOOKS[name], color_scheme=theme, locale=language)
    assert findings(page) == []
    shot(page, f"{name}-{theme}-{language}")


@pytest.mark.thorough
def test_a_phone_shows_each_page_without_scrolling_sideways(visit: Open) -> None:
    page = visit("/calls", viewport=PHONE, locale="ru")
    for name, path in LOOKS.items():
        page.goto(page.url.rpartition("/console")[0] + f"/console{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], name
        shot(page, f"{name}-phone-ru")


def test_an_event_is_followed_to_the_started_bot_while_it_happens(visit: Open, bridge: Installation) -> None:
    bridge.faults(kind="503", retry_after="3")
    pay(bridge, 103)
    page = visit("/calls?recipient=103")
    page.locator("a.row").click()
    page.get_by_role("link", name="Event 3").click()
    expect(page.get_by_text("Attempt 2")).to_be_visible()
    expect(page.locator(".timeline .badge", has_text="Done").first).to_be_visible()
    page.get_by_role("link", name="subscriber:103").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("subscriber:103")
    expect(page.get_by_text("Спасибо, Мария! Платёж payment-103")).to_be_visible()


def test_a_click_on_a_value_of_the_payload_copies_its_path(visit: Open) -> None:
    page = visit("/events/1", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Мария").first.click()
    expect(page.locator("#toasts")).to_contain_text("$.object.metadata.name")
    assert page.evaluate("navigator.clipboard.readText()") == "$.object.metadata.name"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_call_in_doubt_is_settled_with_a_reason(visit: Open, bridge: Installation, *, script: bool) -> None:
    number = 104 + script
    in_doubt(bridge, number)
    page = visit("/calls", java_script_enabled=script)
    open_call(page, number)
    expect(page.get_by_text("Check in LeadConverter whether it ran")).to_be_visible()
    page.get_by_role("button", name="Mark as done").click()
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Mark as done").click()
    if script:
        page.get_by_role("dialog").get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#messages")).to_contain_text("is settled as done")
    expect(page.locator(".timeline")).to_contain_text(WHY)


@pytest.mark.parametrize("script", SCRIPTS)
def test_many_events_are_replayed_after_a_look_at_what_they_would_send(
    visit: Open, bridge: Installation, *, script: bool
) -> None:
    course = f"course-{script}"
    for number in (201, 202, 203):
        pay(bridge, number + 10 * script, course=course)
    path = bridge.mappings / "yookassa.yml"
    path.write_text(path.read_text().replace(", sql]", f", {course}, sql]"))
    before = len(bridge.calls())
    page = visit(f"/replay?search={course}", java_script_enabled=script)

    def planned() -> bool:
        page.reload()
        return page.get_by_text("3 calls would be added").is_visible()

    assert eventually(planned)
    expect(page.get_by_role("heading", level=1)).to_have_text("Replay 3 events")
    page.get_by_label("Reason").fill("the course has a new name")
    page.get_by_role("button", name="Replay 3 events").click()
    if script:
        page.get_by_role("dialog").get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("3 calls were added")).to_be_visible()
    assert eventually(lambda: len(bridge.calls()) == before + 3)
