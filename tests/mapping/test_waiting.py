"""`after`, `at`, `tz`, `late`, `key`, `again`, `cancel`: what they give for an event, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.rules.apply import apply
from bridge.mapping.rules.comparison import content_digest, difference
from bridge.mapping.rules.due import read_instant, shown_due
from bridge.model import Application, BotStart, Cancellation, Errand, Event, Json, Match
from bridge.text.render import render
from tests.mapping.given import ENVIRONMENT, HEAD, TESTS, compiled, event, findings, mapping

DATA = Path(__file__).parents[1] / "data"
RECEIVED = "2026-11-30T20:00:00.250+03:00"
ACCOUNTS = "accounts:\n  main: {token: '${LEADCONVERTER_TOKEN}', timezone: Europe/Moscow}\n"
START = "start: {bot_id: 1, subscriber_id: $.s}"


def lines(name: str) -> list[list[Json]]:
    """The rows of a table in tests/data."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text().splitlines()]


def received_at(text: str = RECEIVED) -> int:
    found = read_instant(text)
    assert found is not None
    return found


def applied(rules: str, body: Json, now: str = RECEIVED) -> Application:
    """What the rules make of an event, in the account's time zone."""
    result = compiled(f"{HEAD}rules:\n{rules}\n{TESTS}", accounts=ACCOUNTS)
    assert [str(one) for one in result.findings if one.is_error] == []
    happened = Event("shop", "e-1", "paid", received_at(now), body, {}, {})
    return apply(result.sources["shop"], happened)


def start(keys: str, body: Json = None) -> BotStart:
    """The one start of a rule with these keys."""
    made = applied(f"  - {{name: r, {keys}, {START}}}", {"s": 5, **(body or {})})
    assert [one.message for one in made.failures] == []
    (only,) = made.starts
    return only


def failure(keys: str, body: Json = None) -> tuple[str, str, str]:
    """The one failure of a rule with these keys: key, path and message."""
    made = applied(f"  - {{name: r, {keys}, {START}}}", {"s": 5, **(body or {})})
    assert made.starts == ()
    assert made.cancels == ()
    assert [one.match for one in made.verdicts] == [Match.FAILED]
    (only,) = made.failures
    return only.key, only.path, only.message


def due(keys: str, body: Json = None) -> str:
    found = start(keys, body)
    return f"{shown_due(found.due_at, found.zone)} {found.zone}".strip()


def test_a_start_without_a_time_is_due_at_once() -> None:
    found = start("stop: true")
    assert (found.due_at, found.late, found.zone, found.errand) == (0, "send", "", None)


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2027-03-27T22:00+01:00", "2027-03-28T03:30:00+02:00"),
        ("2027-10-30T22:00+02:00", "2027-10-31T02:30:00+02:00"),
    ],
)
def test_a_start_at_half_past_two_is_due_when_clocks_change(now: str, wanted: str) -> None:
    keys = "at: {time: '02:30'}, tz: Europe/Berlin"
    (found,) = applied(f"  - {{name: r, {keys}, {START}}}", {"s": 5}, now).starts
    assert (shown_due(found.due_at, found.zone), found.zone) == (wanted, "Europe/Berlin")


def test_after_counts_from_receipt_and_needs_no_zone() -> None:
    found = start("after: 10m")
    assert (found.due_at, found.zone) == (received_at() + 600_000, "")


@pytest.mark.parametrize(
    ("keys", "body", "wanted"),
    [
        ("at: {time: 10:00}", {}, "2026-12-01T10:00:00+03:00 Europe/Moscow"),
        ("at: {time: 22:00}", {}, "2026-11-30T22:00:00+03:00 Europe/Moscow"),
        ("at: {time: 22:00, day: next}", {}, "2026-12-01T22:00:00+03:00 Europe/Moscow"),
        ("at: {time: 10:00}, tz: Asia/Tokyo", {}, "2026-12-01T10:00:00+09:00 Asia/Tokyo"),
        ("at: {time: 10:00}, tz: $.tz", {"tz": "Asia/Tokyo"}, "2026-12-01T10:00:00+09:00 Asia/Tokyo"),
        ("at: {time: 10:00}, tz: $.tz", {"tz": " Asia/Tokyo "}, "2026-12-01T10:00:00+09:00 Asia/Tokyo"),
        ("at: {time: 10:00}, tz: $.tz", {}, "2026-12-01T10:00:00+03:00 Europe/Moscow"),
        ("at: {time: 10:00}, tz: $.tz", {"tz": None}, "2026-12-01T10:00:00+03:00 Europe/Moscow"),
        ("at: {time: 10:00}, tz: $.tz", {"tz": " "}, "2026-12-01T10:00:00+03:00 Europe/Moscow"),
        ("at: $.t", {"t": "2026-12-01T12:00"}, "2026-12-01T12:00:00+03:00 Europe/Moscow"),
        ("at: $.t", {"t": "2026-12-01T12:00Z"}, "2026-12-01T12:00:00+00:00"),
        ("at: $.t", {"t": 1_796_000_000}, "2026-11-30T00:53:20+00:00"),
        ("at: '{$.day}T12:00'", {"day": "2026-12-01"}, "2026-12-01T12:00:00+03:00 Europe/Moscow"),
        (
            "at: {path: $.t, pipe: [{slice: 10}]}",
            {"t": "2026-12-01 x"},
            "2026-12-01T00:00:00+03:00 Europe/Moscow",
        ),
        ("at: {path: $.t, default: $.u}", {"u": "2026-12-01"}, "2026-12-01T00:00:00+03:00 Europe/Moscow"),
        ("at: 2026-12-01T12:00", {}, "2026-12-01T12:00:00+03:00 Europe/Moscow"),
        ("at: 2026-12-01T12:00Z", {}, "2026-12-01T12:00:00+00:00"),
        ("at: 1796000000", {}, "2026-11-30T00:53:20+00:00"),
        ("at: $.t, tz: $.tz", {"t": "2026-12-01T12:00Z", "tz": "Mars"}, "2026-12-01T12:00:00+00:00"),
    ],
)
def test_a_time_and_the_zone_that_decided_it(keys: str, body: Json, wanted: str) -> None:
    assert due(keys, body) == wanted


@pytest.mark.parametrize(("keys", "body", "key", "path", "message"), lines("waiting-failures"))
def test_a_rule_fails_for_an_event_that_lacks_a_value(
    keys: str, body: Json, key: str, path: str, message: str
) -> None:
    assert failure(keys, body) == (key, path, message)


def test_a_rule_that_fails_in_one_thing_does_none() -> None:
    made = applied(f"  - {{name: r, after: 1h, key: $.k, again: add, cancel: {{key: a}}, {START}}}", {})
    assert (made.starts, made.cancels) == ((), ())
    assert [one.key for one in made.failures] == ["subscriber_id", "key"]


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("cart:17", "cart:17"),
        ("  cart:17\n", "cart:17"),
        ("cafe\u0301", "caf\u00e9"),
        (17, "17"),
        ("x" * 200, "x" * 200),
        ("Cart", "Cart"),
    ],
)
def test_a_key_is_a_trimmed_text_in_one_form(key: Json, wanted: str) -> None:
    found = start("key: $.k, again: replace", {"k": key})
    assert found.errand == Errand(wanted, "replace", 86_400)
    made = applied("  - {name: r, cancel: {key: $.k}}", {"k": key})
    assert [one.key for one in made.cancels] == [wanted]


def test_an_errand_has_what_the_rule_says() -> None:
    found = start("key: 'a:{$.s}', again: keep, late: skip, at: 2026-11-30T19:00")
    assert (found.errand, found.late) == (Errand("a:5", "keep"), "skip")
    found = start("key: 'a:{$.s}', again: replace, at_most: 3d, after: 1h")
    assert found.errand == Errand("a:5", "replace", 3 * 86_400)


@pytest.mark.parametrize(
    ("when", "most"),
    [
        ("after: 1h", 86_400),
        ("at: {time: '10:00', day: next}", 86_400),
        ("at: $.t", 400 * 86_400),
        ("at: {path: $.t}", 400 * 86_400),
        ("at: $.t, at_most: 2h", 7200),
    ],
)
def test_an_appointment_may_be_moved_further_than_a_day(when: str, most: int) -> None:
    found = start(f"key: $.k, again: replace, {when}", {"k": "a", "t": "2026-12-05T19:00"})
    assert found.errand == Errand("a", "replace", most)


def test_the_past_is_told_to_the_store() -> None:
    assert due("at: 2026-11-30T19:00, late: skip") == "2026-11-30T19:00:00+03:00 Europe/Moscow"
    assert start("at: 2025-12-01").due_at == received_at("2025-12-01T00:00+03:00")
    why = "is more than 400 days before receipt"
    assert failure("at: 1960-01-01") == ("at", "1960-01-01", f"1960-01-01T00:00:00+03:00 {why}")
    assert failure("at: $.t", {"t": 1_700_000_000})[2].endswith(why)
    assert due("at: $.t, late: skip", {"t": "2020-01-01"}) == "2020-01-01T00:00:00+03:00 Europe/Moscow"


@pytest.mark.parametrize("value", [10, "2027", 999_999_999])
@pytest.mark.parametrize("late", ["send", "skip"])
def test_an_hour_or_a_year_is_no_unix_time(value: object, late: str) -> None:
    key, path, message = failure(f"at: $.t, late: {late}", {"t": value})
    assert (key, path) == ("at", "$.t")
    assert "unix" in message


PLACES = """\
  - {name: a, start: {bot_id: 1, subscriber_id: $.s}}
  - {name: b, cancel: {key: "o:{$.o}", for: 2d}}
  - {name: c, cancel: {key: "p:{$.o}"}, start: {bot_id: 2, subscriber_id: $.s}}
  - {name: d, shadow: true, account: main, cancel: {key: "q:{$.o}"}}
"""


def test_a_cancellation_knows_its_place_among_the_starts() -> None:
    made = applied(PLACES, {"s": 5, "o": 7})
    assert [one.rule for one in made.starts] == ["a", "c"]
    assert made.cancels == (
        Cancellation("b", 0, "main", "o:7", 2 * 86_400, place=1, shadow=False),
        Cancellation("c", 0, "main", "p:7", 0, place=1, shadow=False),
        Cancellation("d", 0, "main", "q:7", 0, place=2, shadow=True),
    )
    assert [one.match for one in made.verdicts] == [Match.MATCHED] * 4


def test_each_item_has_its_own_keys_and_places() -> None:
    rule = "  - {name: r, for_each: '$.items[*]', when: {$item.ok: true}, cancel: {key: 'i:{$item.n}'}, " + (
        "start: {bot_id: 1, subscriber_id: $item.s}}"
    )
    items = [{"n": 1, "s": 5, "ok": True}, {"n": 2}, {"n": 3, "s": 6, "ok": True}]
    made = applied(rule, {"items": items})
    assert [(one.item, one.key, one.place) for one in made.cancels] == [(0, "i:1", 0), (2, "i:3", 1)]
    assert [one.item for one in made.starts] == [0, 2]


def test_cancellations_count_against_the_budget_of_a_webhook() -> None:
    rules = "\n".join(
        f"  - {{name: r{number}, for_each: '$.items[*]', cancel: {{key: 'k:{number}:{{$item}}'}}}}"
        for number in range(3)
    )
    made = applied(rules, {"items": list(range(1000))})
    assert (made.starts, made.cancels) == ((), ())
    assert "too" in made.failures[0].message or "more" in made.failures[0].message


def test_a_large_set_of_rules_keeps_its_cancellations() -> None:
    rules = "\n".join(
        f"  - {{name: r{number}, when: {{$.n: {number}}}, cancel: {{key: 'k:{{$.n}}'}}}}"
        for number in range(60)
    )
    assert [one.key for one in applied(rules, {"n": 7}).cancels] == ["k:7"]


def compared(rules: str, first: Json, again: Json, later: int = 3_600_000) -> str:
    """How a repeat an hour later differs."""
    made = mapping(rules)
    one, other = event(first), event(again)
    other = Event("shop", other.id, other.type, other.received_at + later, again, {}, {})
    assert (content_digest(made, one) == content_digest(made, other)) == (
        difference(made, one, other) != "outcome"
    )
    return difference(made, one, other)


def test_a_repeat_is_compared_by_cancellations_and_distances_not_by_due_times() -> None:
    after = "- {name: r, after: 1h, start: {bot_id: 1, subscriber_id: $.s}}"
    assert compared(after, {"s": 5, "x": 1}, {"s": 5, "x": 2}) == "content"
    clock = "- {name: r, at: {time: 10:00}, tz: Europe/Moscow, start: {bot_id: 1, subscriber_id: $.s}}"
    assert compared(clock, {"s": 5, "x": 1}, {"s": 5, "x": 2}) == "content"
    at = "- {name: r, at: $.t, tz: UTC, start: {bot_id: 1, subscriber_id: $.s}}"
    assert compared(at, {"s": 5, "t": "2026-12-01"}, {"s": 5, "t": "2026-12-02"}) == "outcome"
    assert compared(at, {"s": 5, "t": "2026-12-01"}, {"s": 5, "t": "2026-12-01T00:00"}) == "content"
    key = "- {name: r, key: $.k, again: add, start: {bot_id: 1, subscriber_id: $.s}}\n" + (
        "- {name: c, cancel: {key: $.k}}"
    )
    assert compared(key, {"s": 5, "k": "a"}, {"s": 5, "k": "b"}) == "outcome"
    cancel = "- {name: k, key: $.k, again: add, start: {bot_id: 1, subscriber_id: {value: 1}}}\n" + (
        "- {name: c, cancel: {key: $.x}}"
    )
    assert compared(cancel, {"k": "a", "x": 1}, {"k": "a", "x": 2}) == "outcome"


def test_rules_without_these_keys_have_the_digest_that_they_had() -> None:
    made = mapping("- {name: r, start: {bot_id: 1, subscriber_id: $.s}}")
    assert content_digest(made, event({"s": 5})) == "f86660c7cae0f6e2091d94d2ad0839d8"


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ("2026-11-30T19:00Z", "this time has passed, for every event"),
        ("2025-10-01T10:00Z", "2025-10-01T10:00:00+00:00 is more than 400 days before receipt"),
        ("2025-10-01T10:00Z, late: skip", "this time has passed, for every event"),
        ("2028-10-01T10:00Z, late: skip", "2028-10-01T10:00:00+00:00 is more than 400 days after receipt"),
        ("2028-10-01T10:00Z", "2028-10-01T10:00:00+00:00 is more than 400 days after receipt"),
        ("2028-01-01T10:00Z", ""),
    ],
)
def test_a_literal_time_is_compared_with_the_clock(at: str, wanted: str) -> None:
    text = f"{HEAD}rules:\n  - {{name: r, at: {at}, {START}}}\n{TESTS}"
    now = received_at("2026-12-01T00:00Z")
    found = compile_files({"mappings/shop.yml": text.encode()}, ENVIRONMENT, now_ms=now).findings
    assert [
        (one.code, one.message.removesuffix(", so the rule fails for every event now")) for one in found
    ] == ([("W518", wanted)] if wanted else [])


@pytest.mark.parametrize(("keys", "wanted"), lines("waiting-findings"))
def test_what_is_wrong_with_the_keys_is_a_finding(keys: str, wanted: list[str]) -> None:
    found = findings(f"- {{name: r, {keys}, {START}}}")
    assert sorted(map(coded, found)) == sorted(wanted)


def coded(finding: str) -> str:
    """The finding without its place."""
    return finding.split(":", 2)[2].strip()


@pytest.mark.parametrize("key", ["after: 1h", "at: 2027-01-01T00:00Z", "key: $.k, again: add"])
def test_a_rule_that_only_cancels_has_no_time_and_no_key(key: str) -> None:
    name = key.partition(":")[0]
    found = [coded(one) for one in findings(f"- {{name: r, {key}, cancel: {{key: $.k}}}}")]
    assert f'M105 {name} needs "start" in the same rule' in found


@pytest.mark.parametrize("key", ["expires: 1h", "order: none", "on_uncertain: hold"])
def test_keys_of_a_start_have_no_effect_without_one(key: str) -> None:
    found = [coded(one) for one in findings(f"- {{name: r, {key}, cancel: {{key: $.k}}}}")]
    assert f"W517 {key.partition(':')[0]} has no effect without start" in found


def test_an_account_has_a_known_zone() -> None:
    text = f"{HEAD}rules:\n  - {{name: r, {START}}}\n{TESTS}"
    wrong = compiled(text, accounts=ACCOUNTS.replace("Moscow", "Moskow"))
    assert [one.message for one in wrong.findings] == [
        'unknown time zone "Europe/Moskow"; did you mean "Europe/Moscow"?'
    ]


def test_another_zone_of_the_account_is_another_version_of_the_rules() -> None:
    text = f"{HEAD}rules:\n  - {{name: r, at: $.t, {START}}}\n{TESTS}"
    zones = [ACCOUNTS, ACCOUNTS.replace("Moscow", "Berlin")]
    versions = [compiled(text, accounts=one).sources["shop"].version for one in zones]
    assert versions[0] != versions[1]
    plain = text.replace("at: $.t", "after: 1h")
    versions = [compiled(plain, accounts=one).sources["shop"].version for one in zones]
    assert versions[0] == versions[1]


def test_two_rules_at_different_times_are_no_duplicates() -> None:
    twice = f"- {{name: a, {START}}}\n- {{name: b, after: 1d, {START}}}\n- {{name: c, after: 1d, {START}}}"
    (found,) = findings(twice)
    assert 'W506 starts the same bot on the same events as "b"' in found


def test_reasons_are_said_in_russian_as_well() -> None:
    made = applied(f"  - {{name: r, at: $.t, {START}}}", {"s": 5, "t": "2028-01-05T00:00Z"})
    assert render(made.failures[0].reason, "ru") == (
        "2028-01-05T00:00:00+00:00 больше чем через 400 дней после получения"
    )
