from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bridge.operations.authoring.draft_text import head_text
from tests.console.conftest import MakeSite, Open
from tests.console.visits import Site
from tests.operations.given import ENVIRONMENT, SHOP, came, order
from tests.support.browser import shot
from tests.support.processes import ROOT, Installation, installation
from tests.support.waiting import eventually

FIRST = {"order": {"id": "A-1", "status": "paid", "total": 1990}, "buyer": {"lc_id": 778899, "name": "Мария"}}


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One whose mapping files may be saved from the console."""
    folder = tmp_path_factory.mktemp("connect")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    more = {"BRIDGE_WORKERS": "1", "BRIDGE_CONSOLE_EDIT": "1"}
    with installation(folder, "sqlite:///var/bridge.db", **more) as running:
        running.start()
        yield running


def editable(site: MakeSite, tmp_path: Path, **more: str) -> Site:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "other.yml").write_text(SHOP.replace("source: shop", "source: other"))
    return site(**{**ENVIRONMENT, "SHOP_TOKEN": "t", "BRIDGE_CONSOLE_EDIT": "1", **more})


def test_profiles_are_searched_by_words_anywhere_in_them(site: MakeSite) -> None:
    seen = site()
    page = seen.get("/connect?search=payment+юkassa").text
    assert "YooKassa" in page
    assert "Stripe" not in page
    assert "Not among the known systems" in seen.get("/connect?search=nonesuch").text


def test_a_profile_says_what_to_enter_with_this_bridges_address_and_name(site: MakeSite) -> None:
    seen = site(BRIDGE_PUBLIC_URL="https://hooks.example.com", AMOCRM_HOOK_TOKEN="t")
    page = seen.get("/connect/new?profile=amocrm&source=crm").text
    assert "https://hooks.example.com/hooks/crm/TOKEN" in page
    assert "YOUR-HOST" not in page
    assert "<code>AMOCRM_HOOK_TOKEN</code> is set" in page
    assert "BRIDGE_CONSOLE_EDIT=1" in page


def test_a_secret_that_is_not_set_is_said_to_come_first(site: MakeSite) -> None:
    page = site().get("/connect/new?profile=stripe&source=stripe").text
    assert "<code>STRIPE_WEBHOOK_SECRET=…</code> is not set" in page
    assert "BRIDGE_PUBLIC_URL" in page


def test_a_name_that_is_no_part_of_a_url_is_refused(site: MakeSite) -> None:
    page = site().get("/connect/new?profile=json&source=my shop").text
    assert "expected letters, digits, - and _" in page
    assert "At the sender" not in page


def test_the_first_file_can_be_downloaded(site: MakeSite) -> None:
    answer = site().get("/connect/new/file?profile=json&source=shop")
    assert answer.headers["Content-Disposition"] == "attachment; filename=shop.yml"
    assert answer.text == head_text("shop", "json", public=False)


def test_a_source_that_is_not_there_says_that_it_is_answered_with_404(site: MakeSite, tmp_path: Path) -> None:
    assert "answered with 404 until" in editable(site, tmp_path).get("/connect/to/shop").text


def test_a_first_file_whose_secret_is_not_set_is_saved_and_closed_until_it_is(
    site: MakeSite, tmp_path: Path
) -> None:
    seen = editable(site, tmp_path, SHOP_TOKEN="")
    assert seen.post("/connect/new/save", {"profile": "json", "source": "shop"}).status_code == 303
    seen.side.mapping_loader.refresh()
    assert seen.client.post("/hooks/shop", data=b"{}").status_code == 503
    assert "Source shop is closed, its webhooks are answered 503" in seen.get("/").text


def test_a_refused_webhook_shows_why(site: MakeSite, tmp_path: Path) -> None:
    seen = editable(site, tmp_path)
    assert seen.post("/connect/new/save", {"profile": "json", "source": "shop"}).status_code == 303
    assert seen.client.post("/hooks/shop", data=b"{}").status_code == 401
    assert eventually(lambda: "Rejected: 401" in seen.get("/connect/to/shop/now").text)


def test_a_file_with_content_of_its_own_is_not_replaced_by_a_draft(site: MakeSite, tmp_path: Path) -> None:
    seen = editable(site, tmp_path)
    path = tmp_path / "mappings" / "shop.yml"
    path.write_text(SHOP.replace("${SHOP_SECRET}", "${SHOP_TOKEN}"))
    seen.side.mapping_loader.refresh()
    number = came(seen.side.store, order())
    chosen = {"path": "$.subscriber", "role": "subscriber_id", "name": "", "bot_id": "7"}
    page = seen.post(f"/connect/to/shop/choose/{number}", chosen).text
    assert "shop.yml has content already" in page
    before = path.read_text()
    assert seen.post(f"/connect/to/shop/choose/{number}/save", chosen).status_code == 409
    assert path.read_text() == before


def test_choices_that_make_no_rule_are_told_and_kept(site: MakeSite, tmp_path: Path) -> None:
    seen = editable(site, tmp_path)
    number = came(seen.side.store, order())
    page = seen.post(
        f"/connect/to/shop/choose/{number}",
        {"path": "$.status", "role": "user_id", "name": "", "bot_id": "x"},
    ).text
    assert "&#34;x&#34; is no id: write the whole number" in page
    assert '<option value="user_id" selected>' in page


def test_another_sources_event_is_not_there_to_choose_from(site: MakeSite, tmp_path: Path) -> None:
    seen = editable(site, tmp_path)
    number = came(seen.side.store, order())
    assert seen.get(f"/connect/to/other/choose/{number}").status_code == 404


def test_a_source_is_connected_from_the_first_click_to_the_started_bot(
    visit: Open, bridge: Installation
) -> None:
    page = visit("/connect")
    page.get_by_role("searchbox").fill("albato")
    page.get_by_role("link", name="Any sender of JSON").click()
    page.get_by_label("Name of the source").fill("academy")
    page.get_by_role("button", name="Use this name").click()
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("Ready for the first webhook")).to_be_visible()
    expect(page.get_by_text("Nothing received yet")).to_be_visible()

    token = {"X-Bridge-Token": "sandbox"}
    assert eventually(lambda: bridge.post("/hooks/academy", FIRST).status == 401)
    expect(page.get_by_text("Rejected: 401").first).to_be_visible()
    assert bridge.post("/hooks/academy", FIRST, token).status == 200
    page.get_by_role("link", name="Choose values").click()

    page.get_by_label("What $.order.status is").select_option("condition")
    page.get_by_label("What $.order.total is").select_option("variable")
    page.get_by_label("Name of the variable of $.order.total").fill("total")
    page.get_by_label("What $.buyer.lc_id is").select_option("subscriber_id")
    page.get_by_label("Id of the bot to start").fill("4512")
    shot(page, "connect-choose")
    page.get_by_role("button", name="Make the rule").click()
    expect(page.locator(".source")).to_contain_text("bot_id: 4512")
    page.get_by_role("button", name="Save it").click()

    page.get_by_role("link", name="Replay").click()
    page.get_by_label("Reason").fill("connected")
    page.get_by_role("button", name="Replay and send 1 call").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("Replayed, 1 call added")).to_be_visible()
    assert eventually(lambda: any(call["bot_id"] == "4512" for call in bridge.calls()), seconds=30)
    page.goto(f"http://127.0.0.1:{bridge.port}/console/connect/to/academy")
    expect(page.get_by_text("Done")).to_be_visible()
    assert bridge.command("test", "mappings/academy.yml").returncode == 0


def begun(page: Page, bridge: Installation, source: str, webhook: dict[str, object]) -> None:
    """Default clicks from the profile to the first webhook's values."""
    page.get_by_role("link", name="Any sender of JSON").click()
    page.get_by_label("Name of the source").fill(source)
    page.get_by_role("button", name="Use this name").click()
    page.get_by_role("button", name="Save it").click()
    token = {"X-Bridge-Token": "sandbox"}
    assert eventually(lambda: bridge.post(f"/hooks/{source}", webhook, token).status == 200)
    page.get_by_role("link", name="Choose values").click()


def replayed(page: Page) -> None:
    """Default clicks from the draft to the replayed webhook."""
    page.get_by_role("button", name="Save it").click()
    page.get_by_role("link", name="Replay").click()
    page.get_by_label("Reason").fill("connected")
    page.get_by_role("button", name="Replay and send 1 call").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("Replayed, 1 call added")).to_be_visible()


@pytest.mark.thorough
def test_default_clicks_and_the_bots_id_end_in_a_call(visit: Open, bridge: Installation) -> None:
    page = visit("/connect")
    begun(page, bridge, "paid", {"id": "1", "type": "paid", "subscriber_id": 778899, "name": "Maria"})
    page.get_by_label("Id of the bot to start").fill("4601")
    page.get_by_role("button", name="Make the rule").click()
    replayed(page)
    assert eventually(lambda: started(bridge, "4601") == ["778899"], seconds=30)


@pytest.mark.thorough
def test_a_rule_that_lacks_bot_and_recipient_is_not_made_and_the_webhooks_values_are_offered(
    visit: Open, bridge: Installation
) -> None:
    page = visit("/connect")
    begun(page, bridge, "bare", {"id": "a-1", "buyer": {"number": 778901, "name": "Maria"}})
    page.get_by_role("button", name="Make the rule").click()
    expect(page.get_by_text("The rule is not complete yet")).to_be_visible()
    expect(page.get_by_text("Nobody would get the message")).to_be_visible()
    expect(page.get_by_text("Write the id of the bot to start")).to_be_visible()
    shot(page, "connect-lacking")
    page.get_by_label("The value that is the subscriber's id").select_option("$.buyer.number")
    page.get_by_label("Id of the bot to start").fill("4602")
    page.get_by_role("button", name="Make the rule").click()
    expect(page.locator(".source")).to_contain_text("subscriber_id: $.buyer.number")
    replayed(page)
    assert eventually(lambda: started(bridge, "4602") == ["778901"], seconds=30)


def started(bridge: Installation, bot: str) -> list[str]:
    """For whom the sandbox was asked to start the bot."""
    return [call["subscriber_id"] for call in bridge.calls() if call["bot_id"] == bot]


def test_an_unfinished_file_can_be_downloaded_and_says_what_it_lacks(site: MakeSite, tmp_path: Path) -> None:
    seen = editable(site, tmp_path)
    number = came(seen.side.store, order())
    form = {"path": "$.status", "role": "condition", "name": "", "bot_id": ""}
    page = seen.post(f"/connect/to/shop/choose/{number}", form).text
    assert "Download the unfinished file" in page
    text = seen.post(f"/connect/to/shop/choose/{number}", {**form, "do": "file"}).text
    assert "bot_id: FILL_IN" in text
    assert "subscriber_id: FILL_IN" in text
    refused = seen.post(f"/connect/to/shop/choose/{number}/save", form)
    assert refused.status_code == 409
    assert "FILL_IN is a placeholder" in refused.text
    assert not (tmp_path / "mappings" / "shop.yml").exists()
