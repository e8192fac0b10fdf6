"""What commands say about calls that wait until they are due, and decide about them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from time import time
from typing import Any

import pytest
from sqlalchemy import text

from tests.commands.conftest import BOT, Office
from tests.store import given

CART = """
source: shop
profile: json
secret: ${SHOP_SECRET}
verify: {token: {header: X-Token}}
event: {id: $.id, type: $.type}
rules:
  - name: cart left
    when: {$.status: left}
    key: "cart:{$.cart}"
    again: replace
    after: 48h
    tz: Europe/Moscow
    start: {bot_id: 7, subscriber_id: $.subscriber}
  - name: paid
    when: {$.status: paid}
    cancel: {key: "cart:{$.cart}", for: 7d}
"""
IN_A_DAY = "in 1 d"


@pytest.fixture
def shop(office: Office) -> Office:
    """The office with a rule that waits two days, and one that cancels it."""
    office.write("mappings/shop.yml", CART)
    return office


def left(shop: Office, cart: int = 7, **more: Any) -> int:
    return shop.webhook(**{"id": f"left-{cart}", "status": "left", "cart": cart, **more})


def paid(shop: Office, cart: int = 7) -> int:
    return shop.webhook(id=f"paid-{cart}", status="paid", cart=cart)


def due_of(shop: Office, number: int = 1) -> str:
    ((due,),) = given.rows(shop.store, f"SELECT due_at FROM calls WHERE id = {number}")
    return datetime.fromtimestamp(due / 1000, UTC).isoformat(
        timespec="milliseconds" if due % 1000 else "seconds"
    )


def test_waiting_calls_are_listed_with_due_time_and_key(shop: Office) -> None:
    left(shop)
    (line,) = shop.run("calls", "--state", "waiting").lines[1:]
    assert line.endswith(
        f"waits until {due_of(shop)} ({IN_A_DAY}); key cart:7, again: replace, put off by 1d at most"
    )
    (call,) = shop.run("calls", "--json").json
    assert {name: call[name] for name in ("state", "zone", "late", "key", "again", "expires_at")} == {
        "state": "waiting",
        "zone": None,
        "late": "send",
        "key": "cart:7",
        "again": "replace",
        "expires_at": None,
    }


def test_a_zone_that_decided_is_named_and_shows_its_wall_clock(shop: Office) -> None:
    shop.write("mappings/shop.yml", CART.replace("after: 48h", "at: {time: '10:00', day: next}"))
    left(shop)
    found = shop.run("calls").lines[1]
    assert "T10:00:00+03:00, time zone Europe/Moscow (in " in found
    assert shop.run("calls", "--json").json[0]["zone"] == "Europe/Moscow"


DECISIONS = (["--send-now", "--why", "asked"], ["--cancel", "--why", "asked"])


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda words: str(words[0]))
def test_when_a_call_was_due_is_shown_for_its_whole_life(shop: Office, decision: list[str]) -> None:
    shop.write("mappings/shop.yml", CART.replace("after: 48h", "at: {time: '10:00', day: next}"))
    event = left(shop)
    (tried,) = shop.run("try", "shop", shop.payload(status="left", cart=7), "--json").json
    due = tried["calls"][0]["due"]
    assert due.endswith("T10:00:00+03:00")
    assert shop.run("resolve", "1", *decision).code == 0
    lines = shop.run("explain", str(event)).lines
    assert f"    due {due}, time zone Europe/Moscow" in lines
    (call,) = shop.run("calls", "--json").json
    assert (call["due"], call["zone"]) == (due, "Europe/Moscow")
    assert (call["next_try_at"] is None) == (call["state"] != "queued")
    if call["state"] == "queued":
        shop.settle("queued", due_at=int(time() * 1000) + 3_700_000)
        (call,) = shop.run("calls", "--json").json
        assert call["due"] == due
        assert "next try in 1 h" in shop.run("calls").lines[1]


def test_a_replacement_is_due_when_its_errand_allows(shop: Office) -> None:
    left(shop)
    limit = int(time() * 1000) + 3_600_000
    with shop.store.transaction() as connection:
        connection.execute(text(f"UPDATE calls SET put_off_until = {limit}"))
    left(shop, id="left-again")
    newer, older = shop.run("calls", "--json").json
    assert (older["state"], newer["state"]) == ("cancelled", "waiting")
    assert datetime.fromisoformat(newer["due"]).timestamp() * 1000 == limit


def test_the_story_says_what_a_call_waits_for_and_by_which_event_it_was_cancelled(shop: Office) -> None:
    event = left(shop)
    lines = shop.run("explain", str(event)).lines
    assert f"    waits until {due_of(shop)} ({IN_A_DAY})" in lines
    assert "    key cart:7, again: replace, put off by 1d at most" in lines
    cancelling = paid(shop)
    assert f"    cancelled by event {cancelling}" in shop.run("explain", str(event)).lines
    story = shop.run("explain", str(cancelling))
    at = next(place for place, line in enumerate(story.lines) if line.startswith("cancels by rule paid at "))
    assert story.lines[at + 1] == "    cancelled call 1 with the key cart:7"
    assert story.lines[at + 2].startswith("    until ")
    assert story.lines[at + 2].endswith(", new calls with the key cart:7 are cancelled, too")
    left(shop, id="left-again")
    assert f"    cancelled before it came, by event {cancelling}" in shop.run("explain", "3").lines


def test_the_story_as_json_has_what_was_cancelled_on_both_sides(shop: Office) -> None:
    event = left(shop)
    cancelling = paid(shop)
    (one,) = shop.run("explain", str(cancelling), "--json").json["cancels"]
    assert one.pop("at") < one.pop("until")
    assert one == {
        "rule": "paid",
        "item": 0,
        "account": "main",
        "key": "cart:7",
        "shadow": False,
        "effects": [{"call": 1, "effect": "cancelled"}],
    }
    (call,) = shop.run("explain", str(event), "--json").json["calls"]
    (by,) = call["cancelled_by"]
    assert (by["event"], by["effect"]) == (cancelling, "cancelled")


@pytest.mark.parametrize(
    ("state", "own", "others"),
    [
        (
            "sending",
            "event {event} cancelled it too late: it was being sent",
            "too late for call 1 with the key cart:7: it was being sent",
        ),
        (
            "queued",
            "event {event} cancelled it while it was being sent; "
            "this attempt did not run, so it is not tried again",
            "cancelled call 1 with the key cart:7 while it was being sent: "
            "it did not run and is not tried again",
        ),
        (
            "uncertain",
            "event {event} cancelled it; it may have run, and is not sent again automatically",
            "call 1 with the key cart:7 may have run, and is not sent again automatically",
        ),
    ],
)
def test_a_cancellation_that_came_too_late_is_said_in_both_stories(
    shop: Office, state: str, own: str, others: str
) -> None:
    event = left(shop)
    assert shop.run("resolve", "1", "--send-now", "--why", "now").code == 0
    (call,) = given.claim(shop.store)
    if state == "uncertain":
        given.settle(shop.store, given.settlement(call, "uncertain"))
    cancelling = paid(shop)
    if state == "queued":
        given.settle(shop.store, given.settlement(call, "queued", due_at=1))
    assert f"    {own.format(event=cancelling)}" in shop.run("explain", str(event)).lines
    assert f"    {others}" in shop.run("explain", str(cancelling)).lines


def test_a_cancellation_that_found_nothing_says_so(shop: Office) -> None:
    assert "    found no call to cancel with the key cart:7" in shop.run("explain", str(paid(shop))).lines


def test_what_replaced_a_call_is_said(shop: Office) -> None:
    event = left(shop)
    left(shop, id="left-again")
    assert "    replaced by call 2" in shop.run("explain", str(event)).lines


def test_a_replay_says_that_a_later_event_has_the_call_that_waits(shop: Office) -> None:
    event = left(shop)
    left(shop, id="left-again")
    said = "cart left: call 2 of a later event waits under its key, and is not replaced"
    for asked in (["--dry-run"], []):
        assert shop.run("replay", str(event), "--again", *asked).out == f"event {event}: {said}\n"
    assert shop.states() == {1: "cancelled", 2: "waiting"}


def test_waiting_calls_are_sent_now_and_cancelled_by_number_and_by_filter(shop: Office) -> None:
    for cart in (1, 2, 3, 4):
        left(shop, cart, subscriber=cart)
    ran = shop.run("resolve", "1", "--send-now", "--why", "she asked")
    assert (ran.code, ran.out) == (0, "call 1 is queued before its time\n")
    assert "    sent before its time by " in shop.run("explain", "1").out
    assert shop.run("resolve", "2", "--cancel").code == 0
    ran = shop.run("resolve", "--waiting", "--search", "cart:3", "--send-now")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "1 call would be sent before its time")
    ran = shop.run("resolve", "--waiting", "--rule", "cart left", "--cancel", "--yes")
    assert (ran.code, ran.lines) == (0, ["call 3 is cancelled", "call 4 is cancelled"])
    assert shop.states() == {1: "queued", 2: "cancelled", 3: "cancelled", 4: "cancelled"}
    assert shop.run("resolve", "--waiting", "--cancel", "--yes").err == "no waiting call fits\n"


def test_a_call_that_does_not_wait_is_not_sent_now(shop: Office) -> None:
    left(shop)
    shop.run("resolve", "1", "--cancel")
    ran = shop.run("resolve", "1", "--send-now")
    assert (ran.code, ran.err) == (
        1,
        "error: call 1 is cancelled and cannot be sent now, expected waiting\n",
    )


@pytest.mark.parametrize("option", ["--done", "--resend"])
def test_what_waits_cannot_be_settled_as_if_it_were_in_doubt(shop: Office, option: str) -> None:
    left(shop)
    ran = shop.run("resolve", "--waiting", option, "--yes")
    assert ran.code == 2
    assert "--waiting goes with --cancel and --send-now only" in ran.err
    assert shop.states() == {1: "waiting"}


def test_a_replay_counts_from_now_unless_it_is_to_keep_the_times(shop: Office) -> None:
    shop.write("mappings/shop.yml", BOT)
    event = left(shop)
    with shop.store.transaction() as connection:
        connection.exec_driver_sql("UPDATE events SET received_at = received_at - 86400000")
    shop.write("mappings/shop.yml", CART)
    kept = shop.run("replay", str(event), "--dry-run", "--original-times").lines
    fresh = shop.run("replay", str(event), "--dry-run").lines
    assert kept != fresh
    for (line,) in (kept, fresh):
        assert line.startswith("event 1: cart left → bot 7 for subscriber:12 (due 20")
        assert line.endswith("; key cart:7, again: replace, put off by 1d at most)")
    assert shop.run("replay", str(event), "--original-times").code == 0
    assert kept[0].split("due ")[1].startswith(due_of(shop))


def test_a_replayed_start_under_a_mark_needs_a_word(shop: Office) -> None:
    shop.write("mappings/shop.yml", BOT)
    event = left(shop)
    shop.write("mappings/shop.yml", CART)
    cancelling = paid(shop)
    ran = shop.run("replay", str(event))
    assert ran.lines == [
        f"event {event}: cart left: event {cancelling} has cancelled its key until later "
        "(--past-cancel starts it)"
    ]
    assert shop.states() == {}
    assert shop.run("replay", str(event), "--past-cancel").code == 0
    assert shop.states() == {1: "waiting"}


def test_a_replay_says_what_it_cancels(shop: Office) -> None:
    cancelling = paid(shop)
    assert shop.run("replay", str(cancelling)).lines == [
        f"event {cancelling}: cancels what waits under the key cart:7"
    ]


def test_doctor_names_the_rule_that_calls_wait_for_under_a_key_after_it_was_renamed(shop: Office) -> None:
    left(shop)
    left(shop, 8)
    assert "cart left" not in shop.run("doctor").out
    shop.write("mappings/shop.yml", CART.replace("name: cart left", "name: basket left"))
    assert "2 calls wait under a key for rule “cart left” of shop" in shop.run("doctor").out
    shop.run("resolve", "--waiting", "--cancel", "--rule", "cart left", "--yes")
    assert "cart left" not in shop.run("doctor").out


def test_a_key_in_another_language_is_shown_in_russian(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    left(shop)
    cancelling = paid(shop)
    monkeypatch.setenv("BRIDGE_LANG", "ru")
    assert "    отменён вызов 1 с ключом cart:7" in shop.run("explain", str(cancelling)).lines
    assert json.loads(shop.run("calls", "--json").out)[0]["reason"] == f"cancelled by event {cancelling}"
