from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import MakeSite, Open
from tests.console.visits import Site
from tests.operations.given import ENVIRONMENT, SHOP, came, order, shop
from tests.support.processes import Installation

PAYMENT = {
    "event": "payment.succeeded",
    "object": {
        "id": "p-77",
        "amount": {"value": "1990.00"},
        "metadata": {"course": "sql", "subscriber_id": "778800", "name": "Мария"},
    },
}


def written(site: MakeSite, tmp_path: Path, text: str = SHOP, **more: str) -> Site:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "shop.yml").write_text(text)
    return site(**ENVIRONMENT, **more)


def test_a_rule_that_lacks_a_value_and_one_that_was_never_hit_stand_out(
    site: MakeSite, tmp_path: Path
) -> None:
    idle = "  - {name: idle, when: {$.status: gone}, start: {bot_id: 8, subscriber_id: $.subscriber}}\n"
    text = SHOP.replace("tests:", f"{idle}tests:")
    seen = written(site, tmp_path, text)
    came(seen.side.store, order(), shop(text))
    came(seen.side.store, order(id="o-2", subscriber=None), shop(text))
    page = seen.get("/rules").text
    assert "1 failing" in page
    assert "1 never hit" in page
    assert "1 passed" in page
    page = seen.get("/rules/shop").text
    assert "Lacks a value" in page
    assert "Never hit" in page
    assert 'href="/console/events?source=shop&amp;rule=idle"' in page


def test_a_failing_test_shows_what_differs(site: MakeSite, tmp_path: Path) -> None:
    seen = written(site, tmp_path, SHOP.replace('amount: "250"', 'amount: "300"'))
    assert "1 of 1 fails" in seen.get("/rules").text
    assert (
        "start 1: variables.amount is &#34;250&#34;, expected &#34;300&#34;" in seen.get("/rules/shop").text
    )


def test_a_broken_file_is_found_by_its_name_with_its_findings_at_their_lines(
    site: MakeSite, tmp_path: Path
) -> None:
    seen = written(site, tmp_path, SHOP.replace("bot_id", "bot"))
    page = seen.get("/rules").text
    assert "The mapping files have errors: nothing is accepted" in page
    assert 'href="/console/rules/shop.yml"' in page
    page = seen.get("/rules/shop.yml").text
    assert '<a href="#L13">line 13</a><code>M104</code>' in page
    assert 'class="line bad" id="L13"' in page


def test_findings_are_in_the_visitors_language(site: MakeSite, tmp_path: Path) -> None:
    text = SHOP.replace("bot_id", "bot")
    page = written(site, tmp_path, text).get("/rules/shop.yml", Accept_Language="ru").text
    assert "<code>M104</code> неизвестный ключ «bot»; возможно, «bot_id»?</span>" in page
    assert "<code>M105</code> start: нет ключа «bot_id»</span>" in page


def test_the_accounts_are_listed_and_their_text_is_not_shown(site: MakeSite, tmp_path: Path) -> None:
    seen = written(site, tmp_path)
    path = tmp_path / "mappings" / "accounts.yml"
    path.write_text("accounts:\n  main:\n    token: written-out\n")
    seen.side.mapping_loader.refresh()
    page = seen.get("/rules/accounts.yml").text
    assert "a secret is written literally" in page
    assert "written-out" not in page


@pytest.mark.parametrize("label", ["nothing", "../settings.py", "shop.yml/x"])
def test_what_is_no_mapping_file_is_not_found(site: MakeSite, tmp_path: Path, label: str) -> None:
    assert written(site, tmp_path).get(f"/rules/{label}").status_code == 404


def test_an_empty_folder_says_what_to_do(site: MakeSite) -> None:
    page = site().get("/rules").text
    assert "No mapping files yet" in page
    assert 'href="/console/connect"' in page


@pytest.mark.thorough
def test_a_finding_leads_to_its_line(visit: Open, bridge: Installation) -> None:
    bridge.post("/hooks/yookassa", PAYMENT)
    page = visit("/rules")
    page.get_by_role("link", name="yookassa", exact=True).click()
    page.get_by_role("link", name="payment not finished").click()
    line = page.locator("#L25")
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text("payment not finished")
