from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bridge.store.reports import audit
from bridge.store.reports.pagination import Page as Part
from tests.console.conftest import MakeSite, Open
from tests.console.visits import Site
from tests.operations.given import ENVIRONMENT, SHOP, TOKEN, came, order
from tests.support.browser import shot
from tests.support.processes import Installation

PHONE = {"width": 360, "height": 740}
JSON = "Content-Type: application/json"
NEAR = order(status="Paid", amount=250)


@pytest.fixture
def editable(site: MakeSite, tmp_path: Path) -> Site:
    return written(site, tmp_path, BRIDGE_CONSOLE_EDIT="1")


def written(site: MakeSite, tmp_path: Path, **more: str) -> Site:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "shop.yml").write_text(SHOP)
    return site(**ENVIRONMENT, **more)


def form(site: Site, **changes: str) -> dict[str, str]:
    """What a browser would send of the page."""
    page = site.get("/playground?source=shop").text
    loaded = re.search(r'name="loaded" value="(\w+)"', page)
    assert loaded
    return {"file": "shop.yml", "loaded": loaded[1], "text": SHOP, **changes}


def mended(page: Page, before: str, after: str) -> None:
    editor = page.get_by_role("textbox", name="Mapping file")
    editor.fill(editor.input_value().replace(before, after))


def test_a_stored_event_tells_which_condition_nearly_held(editable: Site) -> None:
    number = came(editable.side.store, NEAR)
    page = editable.get(f"/playground?event={number}").text
    assert "Almost matched" in page
    assert "$.status is &#34;Paid&#34;, wanted &#34;paid&#34;: differs by case" in page
    assert "no bot would be started" in page


def test_a_pasted_webhook_shows_the_exact_call_with_the_token_masked(editable: Site) -> None:
    body = order().body.decode()
    page = editable.post(
        "/playground", form(editable, body=body, headers="Content-Type: application/json")
    ).text
    assert "POST https://leadconverter.ru/api/v1/•••/bot.startWithVariables?subscriber_id=12" in page
    assert TOKEN not in page


def test_a_call_that_cannot_be_built_shows_the_reason_in_words(editable: Site, tmp_path: Path) -> None:
    accounts = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', parameters: query}}"
    (tmp_path / "mappings" / "accounts.yml").write_text(accounts)
    text = SHOP.replace("variables: {amount: $.amount}", "variables: {note: $.note}")
    body = order(note="long " * 2000).body.decode()
    page = editable.post("/playground", form(editable, text=text, body=body, headers=JSON)).text
    assert "bytes, more than 7000" in page


def test_what_is_wrong_with_text_or_payload_is_told_and_both_are_kept(editable: Site) -> None:
    broken = SHOP.replace("bot_id: 7", "bot: 7")
    page = editable.post("/playground", form(editable, text=broken, body="{", headers="nonsense")).text
    assert "unknown key &#34;bot&#34;" in page
    assert "bot: 7" in page
    assert "a header is &#34;nonsense&#34;, expected &#34;Name: value&#34;" in page
    assert "cannot read" in editable.post("/playground", form(editable, body="{")).text


def test_markup_in_text_and_payload_stays_text(editable: Site) -> None:
    evil = "</textarea><script>alert(1)</script>"
    answer = editable.post("/playground", form(editable, text=f"# {evil}", body=f'{{"{evil}": "{evil}"}}'))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert answer.text.count("</textarea>") == 3


def test_too_large_a_text_is_refused(editable: Site) -> None:
    answer = editable.post("/playground", form(editable, text="#" * ((1 << 20) + 1)))
    assert answer.status_code == 413


def test_the_past_shows_what_a_change_would_have_done(editable: Site) -> None:
    for number in range(3):
        came(editable.side.store, order(id=f"o-{number}", amount=100 + number * 100))
    text = SHOP.replace("gte: 100", "gte: 250")
    page = editable.post("/playground", form(editable, text=text, do="past")).text
    assert "The last 3 events" in page
    assert "2 lost" in page
    assert "$.amount is the number 100, wanted" in page


LATER = SHOP.replace(
    "    start:",
    '    after: 1h\n    key: "<i>:{$.id}"\n    again: keep\n    cancel: {key: "o:{$.id}"}\n    start:',
)


def test_it_shows_when_a_start_is_due_its_key_and_what_ends(editable: Site) -> None:
    body = order(id="o-1").body.decode()
    page = editable.post("/playground", form(editable, text=LATER, body=body, headers=JSON)).text
    assert "due 20" in page
    assert "key &lt;i&gt;:o-1, again: keep" in page
    assert "cancels what waits under the key o:o-1" in page


def test_the_past_shows_what_would_have_waited(editable: Site) -> None:
    came(editable.side.store, order(id="o-1"))
    page = editable.post("/playground", form(editable, text=LATER, do="past")).text
    assert "1 would have waited and started" in page


def test_a_text_can_be_downloaded_under_its_name(editable: Site) -> None:
    answer = editable.post("/playground", form(editable, do="download"))
    assert answer.headers["Content-Disposition"] == "attachment; filename=shop.yml"
    assert answer.text == SHOP


def test_a_mended_file_is_saved_and_in_use_at_once(editable: Site, tmp_path: Path) -> None:
    text = SHOP.replace("gte: 100", "gte: 50")
    answer = editable.post("/playground/save", form(editable, text=text.replace("\n", "\r\n")))
    assert answer.status_code == 303
    assert "shop.yml is saved and in use" in editable.get("/playground?file=shop.yml").text
    assert (tmp_path / "mappings" / "shop.yml").read_text() == text
    rule = editable.side.mapping_loader.current.sources["shop"].rules[0]
    assert "gte: 50" in rule.conditions[1].text
    with editable.side.store.read() as connection:
        (action,) = audit.page_of_actions(connection, Part(None, 10)).items
    assert (action.kind, Path(action.target).name) == ("file", "shop.yml")


def test_a_broken_file_is_never_saved(editable: Site, tmp_path: Path) -> None:
    answer = editable.post("/playground/save", form(editable, text=SHOP.replace("bot_id: 7", "bot: 7")))
    assert answer.status_code == 409
    assert "Not saved" in answer.text
    assert (tmp_path / "mappings" / "shop.yml").read_text() == SHOP


def test_why_a_file_is_not_saved_is_in_the_visitors_language(editable: Site) -> None:
    text = SHOP.replace("bot_id: 7", "bot_id: FILL_IN", 1)
    answer = editable.post("/playground/save", form(editable, text=text), Accept_Language="ru")
    needed = (
        "FILL_IN — заготовка; укажите id бота, которого нужно запускать, как его показывает LeadConverter"
    )
    assert answer.text.count(needed) == 2, "above the text, and among the findings"


def test_a_file_that_changed_meanwhile_is_shown_beside_ones_own_and_can_be_overwritten(
    editable: Site, tmp_path: Path
) -> None:
    path = tmp_path / "mappings" / "shop.yml"
    mine = form(editable, text=SHOP.replace("bot_id: 7", "bot_id: 9"))
    path.write_text(SHOP.replace("bot_id: 7", "bot_id: 8"))
    answer = editable.post("/playground/save", mine)
    assert answer.status_code == 409
    assert '<span class="removed">-      bot_id: 8' in answer.text
    assert '<span class="added">+      bot_id: 9' in answer.text
    again = form(editable, text=mine["text"])
    assert editable.post("/playground/save", again).status_code == 303
    assert "bot_id: 9" in path.read_text()


@pytest.mark.parametrize("name", ["../outside.yml", "/var/outside.yml", "accounts.yml"])
def test_no_name_leads_out_of_the_folder(editable: Site, tmp_path: Path, name: str) -> None:
    changes = {"file": name, "loaded": "", "text": SHOP.replace("source: shop", "source: other")}
    assert editable.post("/playground/save", changes).status_code == 303
    assert sorted(path.name for path in tmp_path.rglob("*.yml")) == ["other.yml", "shop.yml"]


def test_who_may_only_look_can_try_but_neither_save_nor_see_secrets(site: MakeSite, tmp_path: Path) -> None:
    words = {"BRIDGE_CONSOLE_PASSWORD": "edit it", "BRIDGE_CONSOLE_READ_PASSWORD": "read it"}
    seen = written(site, tmp_path, BRIDGE_CONSOLE_EDIT="1", **words)
    webhook = order()
    signed: dict[str, Any] = {"headers": (*webhook.headers, ("X-Token", "canary-secret"))}
    number = came(seen.side.store, type(webhook)("POST", "", signed["headers"], webhook.body, ""))
    seen.login("read it")
    peeping = SHOP.replace("amount: $.amount}", "amount: $headers.x-token}")
    page = seen.post("/playground", form(seen, text=peeping, event=str(number))).text
    assert "variable[amount]" in page
    assert "canary-secret" not in page
    assert 'formaction="/console/playground/save"' not in page
    assert seen.post("/playground/save", form(seen)).status_code == 403


def test_who_may_only_look_cannot_ask_for_a_secret_letter_by_letter(site: MakeSite, tmp_path: Path) -> None:
    words = {"BRIDGE_CONSOLE_PASSWORD": "edit it", "BRIDGE_CONSOLE_READ_PASSWORD": "read it"}
    seen = written(site, tmp_path, **words)
    secret = ENVIRONMENT["SHOP_SECRET"]
    came(seen.side.store, order(note=f"see {secret}, thanks", amount=250))
    seen.login("read it")
    searches = [
        f"/{page}?search={text}" for page in ("events", "calls", "replay") for text in ("shop-s", "shop-x")
    ]
    found, wrong = ([seen.get(one).text for one in searches[start::2]] for start in (0, 1))
    assert [text.replace("shop-s", "shop-x") for text in found] == wrong
    assert 'href="/console/events/1"' in seen.get("/events?search=thanks").text
    assert 'href="/console/events/1"' not in seen.get("/events?search=see+shop").text
    asking = SHOP.replace("$.status: paid", "$.note: {contains: shop-s}")
    assert seen.post("/playground", form(seen, text=asking, do="past")).status_code == 403
    assert 'value="past"' not in seen.get("/playground?source=shop").text
    seen.post("/logout", {})
    seen.login("edit it")
    assert 'href="/console/events/1"' in seen.get("/events?search=shop-s").text


def test_without_the_setting_the_page_says_how_to_allow_saving(site: MakeSite, tmp_path: Path) -> None:
    seen = written(site, tmp_path)
    assert "BRIDGE_CONSOLE_EDIT=1" in seen.get("/playground?source=shop").text
    assert seen.post("/playground/save", form(seen)).status_code == 409


def near_miss(visit: Open, bridge: Installation, number: str, **context: Any) -> Page:
    """The playground with a webhook whose course is written otherwise than the rule has it."""
    metadata = {"course": "Python", "subscriber_id": "778899", "name": "Мария"}
    paid = {"id": number, "amount": {"value": "1990.00"}, "metadata": metadata}
    bridge.post("/hooks/yookassa", {"event": "payment.succeeded", "object": paid})
    page = visit("/playground?source=yookassa", **context)
    page.get_by_label("Which one").select_option(index=1)
    return page


@pytest.mark.thorough
def test_a_near_miss_is_found_and_its_rule_is_mended_as_one_types(visit: Open, bridge: Installation) -> None:
    page = near_miss(visit, bridge, "near-1")
    result = page.locator("#pg-result")
    expect(result.get_by_text("Almost matched")).to_be_visible()
    expect(page.locator(".gutter span").first).to_have_text("1")
    mended(page, "[python, sql]", "[Python, sql")
    expect(page.locator(".gutter .bad").first).to_be_visible()
    mended(page, "[Python, sql", "[Python, sql]")
    expect(result.locator(".outgoing")).to_contain_text("/•••/bot.startWithVariables")
    page.get_by_role("button", name="Try on the last").click()
    expect(result.get_by_text("1 started")).to_be_visible()
    shot(page, "playground-past")


@pytest.mark.thorough
def test_a_click_on_a_value_puts_its_path_where_the_cursor_is(visit: Open, bridge: Installation) -> None:
    page = near_miss(visit, bridge, "near-2")
    editor = page.get_by_role("textbox", name="Mapping file")
    editor.fill("")
    editor.press("Tab")
    editor.press_sequentially("a: ")
    page.locator("#pg-payload .value", has_text="1990.00").click()
    expect(editor).to_have_value("  a: $.object.amount.value")
    editor.press("Escape")
    editor.press("Tab")
    expect(editor).not_to_be_focused()


@pytest.mark.thorough
def test_without_a_script_the_button_checks_on_a_phone_too(visit: Open, bridge: Installation) -> None:
    page = near_miss(visit, bridge, "near-3", java_script_enabled=False, viewport=PHONE)
    mended(page, "[python, sql]", "[Python, sql]")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".outgoing")).to_contain_text("/•••/bot.startWithVariables")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_an_address_where_a_messengers_id_belongs_is_warned_of(editable: Site) -> None:
    text = SHOP.replace("subscriber_id: $.subscriber", "user_id: $.who\n      channel_id: 5")
    body = order(who="anna@example.com").body.decode()
    page = editable.post(
        "/playground", form(editable, text=text, body=body, headers="Content-Type: application/json")
    ).text
    assert "user_id looks like an e-mail address" in page
