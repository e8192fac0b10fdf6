from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.commands.conftest import BOT, TOKEN, Desk

URL = "https://leadconverter.ru/api/v1/•••/bot.startWithVariables"


def test_a_match_shows_the_exact_call_with_the_token_masked(desk: Desk) -> None:
    ran = desk.run("try", "shop", desk.payload())
    assert ran.code == 0
    assert ran.lines[0] == "event 1 of 1: id o-1, type order"
    at = ran.lines.index("✓ paid: matches  (mappings/shop.yml:8)")
    assert ran.lines[at + 1] == (
        f"    POST {URL}?subscriber_id=12&bot_id=7"
        "&variable%5Bhello%5D=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82%2C%20%D0%9C%D0%B0%D1%80%D0%B8%D1%8F"
        "&variable%5Bamount%5D=250"
    )
    assert [line.strip() for line in ran.lines[at + 2 : at + 6]] == [
        "subscriber_id = 12",
        "bot_id = 7",
        "variable[hello] = Привет, Мария",
        "variable[amount] = 250",
    ]
    assert TOKEN not in ran.out + ran.err


def test_the_document_is_shown_as_the_rules_see_it(desk: Desk) -> None:
    ran = desk.run("try", "shop", desk.payload(amount=250, name="a\u202eb"))
    assert '    "amount": 250,' in ran.lines
    assert '    "name": "a\\u202eb"' in ran.lines


def test_a_rule_that_nearly_matches_says_which_condition_failed_on_what(desk: Desk) -> None:
    ran = desk.run("try", "shop", desk.payload(status="Paid"))
    assert ran.code == 0
    at = ran.lines.index("≈ paid: nearly  (mappings/shop.yml:10)")
    assert [line.strip() for line in ran.lines[at + 1 : at + 4]] == [
        "✗ $.status: paid",
        '$.status is "Paid", wanted "paid": differs by case',
        "✓ $.amount: {gte: 100}",
    ]


def test_a_rule_that_matches_but_lacks_a_value_says_what_is_missing(desk: Desk) -> None:
    ran = desk.run("try", "shop", desk.payload(subscriber=None))
    assert ran.code == 1
    assert any(line.startswith("    missing subscriber_id: $.subscriber is null") for line in ran.lines)


def test_a_payload_can_come_through_stdin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (desk.folder / desk.payload()).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert "✓ paid: matches" in desk.run("try", "shop", "-").out


def test_a_mapping_file_that_is_not_deployed_can_be_tried(desk: Desk) -> None:
    desk.write("edited.yml", BOT.replace("bot_id: 7", "bot_id: 70"))
    (event,) = desk.run("try", "edited.yml", desk.payload(), "--json").json
    assert [call["bot_id"] for call in event["calls"]] == [70]


def test_json_has_everything_under_stable_keys(desk: Desk) -> None:
    (event,) = desk.run("try", "shop", desk.payload(), "--json").json
    assert list(event) == [
        "source", "file", "id", "type", "document", "note", "ping", "rules", "failures", "calls", "cancels",
    ]  # fmt: skip
    (rule,) = event["rules"]
    assert (rule["rule"], rule["match"], rule["nearness"]) == ("paid", "matched", "matched")
    assert [line["holds"] for line in rule["conditions"]] == [True, True]
    (call,) = event["calls"]
    assert call["url"].startswith(f"{URL}?")
    assert call["parameters"]["variable[hello]"] == "Привет, Мария"


def test_a_batch_is_shown_event_by_event(shipped: Desk) -> None:
    ran = shipped.run("try", "amocrm", "mappings/samples/amocrm-leads-status.form")
    assert [line[:14] for line in ran.lines if line.startswith("event ")] == [
        "event 1 of 3: ",
        "event 2 of 3: ",
        "event 3 of 3: ",
    ]


def test_a_test_ping_is_shown_as_one(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT.replace("event:", "ignore: {$.test: true}\nevent:"))
    ran = desk.run("try", "shop", desk.payload(test=True))
    assert "a test ping (`ignore`): answered and counted, the rules are not tried" in ran.lines
    assert "matches" not in ran.out


def test_headers_reach_the_rules(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT.replace("$.status: paid", "$headers.x-kind: sale"))
    assert "✓ paid: matches" in desk.run("try", "shop", desk.payload(), "--header", "X-Kind: sale").out
    refused = desk.run("try", "shop", desk.payload(), "--header", "nonsense")
    assert (refused.code, refused.err) == (2, 'error: --header is "nonsense", expected "Name: value"\n')


def test_an_unknown_source_is_refused_with_the_nearest_name(desk: Desk) -> None:
    ran = desk.run("try", "shpo", desk.payload())
    assert ran.code == 2
    assert ran.err == 'error: no source is called "shpo"; did you mean "shop"?\nhint: there are: shop\n'


def test_an_undecodable_payload_is_an_error_with_a_hint(desk: Desk) -> None:
    desk.write("order.json", "{nonsense")
    ran = desk.run("try", "shop", "order.json")
    assert ran.code == 1
    assert ran.err.startswith("error: order.json cannot be decoded: ")
    assert ran.err.splitlines()[1].startswith("hint: the source's `body:` says how it is read")


def test_a_broken_mapping_is_an_error_with_its_finding(desk: Desk) -> None:
    desk.write("mappings/shop.yml", BOT.replace("rules:", "rulez:"))
    ran = desk.run("try", "shop", desk.payload())
    assert ran.code == 1
    assert 'unknown key "rulez"' in ran.err
    assert ran.err.endswith("hint: run: leadbridge check\n")


def test_with_the_sandbox_the_call_leads_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_SANDBOX", "http://127.0.0.1:8090")
    (event,) = desk.run("try", "shop", desk.payload(), "--json").json
    assert event["calls"][0]["url"].startswith("http://127.0.0.1:8090/api/v1/•••/")


@pytest.mark.parametrize(
    ("who", "warned"), [("anna@example.com", True), ("+79161234567", True), ("5012345678", False)]
)
def test_an_address_where_a_messengers_id_belongs_is_warned_of(desk: Desk, who: str, warned: bool) -> None:
    desk.write(
        "edited.yml", BOT.replace("subscriber_id: $.subscriber", "user_id: $.who\n      channel_id: 5")
    )
    ran = desk.run("try", "edited.yml", desk.payload(who=who))
    assert ran.code == 0
    assert ("warning: user_id looks like" in ran.out) is warned


def test_a_payload_that_would_store_too_much_says_what_to_change(desk: Desk) -> None:
    text = (desk.folder / "mappings" / "shop.yml").read_text()
    desk.write(
        "mappings/shop.yml", text.replace("event:", "split: {path: '$.items[*]', keep: envelope}\nevent:")
    )
    items = ", ".join(f'{{"id": {number}}}' for number in range(2_000))
    desk.write("order.json", f'{{"text": "{"x" * 2_000}", "items": [{items}]}}')
    ran = desk.run("try", "shop", "order.json")
    assert ran.code == 1
    assert ran.err.startswith(
        "error: order.json: `split` into 2,000 events, each with its envelope, would store "
    )
    assert ran.err.endswith("\nhint: make its rules or `split` produce less, then replay it\n")


PAST = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%S+00:00}"
WAITING = f"""
source: cart
profile: json
verify: none
rules:
  - name: left
    when: {{$.status: left}}
    key: "cart:{{$.cart}}"
    again: replace
    at_most: 36h
    after: 1h
    start: {{bot_id: 7, subscriber_id: $.subscriber}}
  - name: review
    when: {{$.status: left}}
    at: 2100-01-01T10:00
    tz: Europe/Moscow
    start: {{bot_id: 8, subscriber_id: $.subscriber}}
  - name: gone
    when: {{$.status: gone}}
    at: {PAST}
    start: {{bot_id: 9, subscriber_id: $.subscriber}}
  - name: skipped
    when: {{$.status: gone}}
    at: {PAST}
    late: skip
    start: {{bot_id: 10, subscriber_id: $.subscriber}}
  - name: paid
    when: {{$.status: gone}}
    cancel: {{key: "cart:{{$.cart}}", for: 7d}}
  - name: emptied
    when: {{$.status: gone}}
    cancel: {{key: "cart:{{$.cart}}"}}
"""


def test_it_shows_when_a_start_is_due_and_its_key(desk: Desk) -> None:
    desk.write("mappings/cart.yml", WAITING)
    ran = desk.run("try", "cart", desk.payload(status="left", cart=17))
    at = ran.lines.index("✓ left: matches  (mappings/cart.yml:6)")
    due, key, post = (line.strip() for line in ran.lines[at + 1 : at + 4])
    assert due.startswith("due 2")
    assert key == "key cart:17, again: replace, put off by 36h at most"
    assert post.startswith("POST ")
    assert any(
        line.strip().startswith("missing at: ") or "2100-01-01T10:00:00+03:00 is more than 400 days" in line
        for line in ran.lines
    )


def test_it_shows_what_has_passed_and_what_ends(desk: Desk) -> None:
    desk.write("mappings/cart.yml", WAITING)
    ran = desk.run("try", "cart", desk.payload(status="gone", cart=17))
    lines = [line.strip() for line in ran.lines]
    assert f"due {PAST}, which has passed: starts at once" in lines
    assert f"due {PAST}, which has passed, and late is skip: never starts" in lines
    assert "cancels what waits under the key cart:17, and what comes within 7d" in lines
    assert "cancels what waits under the key cart:17" in lines


def test_json_has_due_times_keys_and_what_ends(desk: Desk) -> None:
    desk.write("mappings/cart.yml", WAITING)
    (event,) = desk.run("try", "cart", desk.payload(status="left", cart=17), "--json").json
    (call,) = event["calls"]
    assert {name: call[name] for name in ("zone", "late", "skipped", "key", "again", "at_most")} == {
        "zone": None,
        "late": "send",
        "skipped": False,
        "key": "cart:17",
        "again": "replace",
        "at_most": 36 * 3600,
    }
    assert call["due"].endswith("+00:00")
    (event,) = desk.run("try", "cart", desk.payload(status="gone", cart=17), "--json").json
    assert [(call["rule"], call["due"], call["skipped"]) for call in event["calls"]] == [
        ("gone", PAST, False),
        ("skipped", PAST, True),
    ]
    assert event["cancels"] == [
        {"rule": "paid", "item": 0, "account": "main", "key": "cart:17", "for": 7 * 86_400},
        {"rule": "emptied", "item": 0, "account": "main", "key": "cart:17", "for": 0},
    ]
