"""The overview in this process: what needs somebody, over time, by account and source."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bridge.dispatch.policy.account_health import Health, to_text
from bridge.dispatch.policy.breaker import Breaker, Gate
from bridge.model import Application, Failure, Match, Outcome, Verdict
from bridge.operations import pause
from bridge.reasons.actions import ActionCode
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason, recorded
from bridge.reasons.stored import to_text as reason_text
from bridge.store.inbox import refusals
from bridge.store.inbox.refusals import Refusal
from bridge.store.queue import accounts
from bridge.store.queue.decisions import Decider
from tests.console.conftest import MakeSite
from tests.console.visits import Site
from tests.store import given
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    claim,
    delivery,
    event,
    owe,
    sale,
    settle,
    settlement,
    start,
    take_in,
)

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules:
  - name: sold
    when: {$.status: paid}
    start: {bot_id: 7, subscriber_id: $.subscriber}
"""
PAUSE, RESUME = reason_text(Reason(ActionCode.PAUSE)), reason_text(Reason(ActionCode.RESUME))
LACK = Failure("sold", 0, "bot_id", "$.x", ABSENT)
LACKING = Application((), (LACK,), (Verdict("sold", Match.FAILED),))


@pytest.fixture
def shop(site: MakeSite) -> Site:
    """With one source that takes webhooks from anyone."""
    one = site(LEADCONVERTER_TOKEN="canary", BRIDGE_PUBLIC_URL="")
    folder = one.side.mapping_loader._folder
    (folder / "shop.yml").write_text(MAPPING)
    one.side.mapping_loader.refresh()
    return one


def titles(page: str) -> list[str]:
    """Of the problems, in their order."""
    found = re.search(r'<ul class="problems">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r"<strong>(.*?)</strong>", found[1]) if found else []


def of_now(one: Site, key: str, made: Application) -> None:
    """An event of this moment: the readiness uses the real clock."""
    with one.side.store.read() as connection:
        now = one.side.store.now(connection)
    take_in(one.side.store, delivery((event(key, received_at=now), made), received_at=now))


def test_where_nothing_came_yet_the_first_thing_to_do_is_shown(shop: Site) -> None:
    page = shop.get("/").text
    assert "Your first webhook" in page
    assert "curl -X POST http://localhost:8080/hooks/shop -H" in page
    assert "Nothing needs attention" not in page


@pytest.mark.parametrize(
    ("files", "address"),
    [
        ({"aform": "form"}, None),
        ({"aform": "form", "json": "json"}, "/hooks/json"),
        ({"agithub": "github", "json": "json"}, "/hooks/json"),
        ({"aform": "form", "github": "github"}, "/hooks/github"),
        ({}, None),
    ],
)
def test_the_first_webhook_to_try_goes_to_a_source_that_takes_it(
    site: MakeSite, files: dict[str, str], address: str | None
) -> None:
    one = site(GITHUB="secret")
    for name, profile in files.items():
        proof = "secret: ${GITHUB}" if profile == "github" else "verify: none"
        text = f"source: {name}\nprofile: {profile}\n{proof}\nrules: []\n"
        (one.side.mapping_loader._folder / f"{name}.yml").write_text(text)
    one.side.mapping_loader.refresh()
    assert one.side.mapping_loader.current.sources.keys() == files.keys()
    page = one.get("/").text
    found = re.search(r"curl -X POST http://localhost:8080(\S+)", page)
    assert (found and found[1]) == address
    assert ("let it send something" in page) == (address is None)


def test_where_all_is_well_nothing_needs_anybody(shop: Site) -> None:
    of_now(shop, "a", given.made())
    page = shop.get("/").text
    assert (titles(page), "Nothing needs attention" in page, "Your first webhook" in page) == (
        [],
        True,
        False,
    )


def test_what_needs_somebody_comes_first_and_the_worst_before_the_rest(shop: Site) -> None:
    store = shop.side.store
    of_now(shop, "bad", LACKING)
    with store.read() as connection:
        now = store.now(connection)
    take_in(store, delivery(unreadable=NOT_JSON, received_at=now))
    take_in(store, sale("a", start(1)), sale("b", start(2)))
    taken = claim(store)
    settle(store, settlement(taken[0], "uncertain"), settlement(taken[1], "refused"))
    with store.transaction() as connection:
        refusals.refuse(
            connection, now, [Refusal("shop", now, 401, "signature", recorded("no"), given.request())]
        )
        accounts.pause(connection, now, "main", who="anna", why="bots are <b>rebuilt</b>")
    page = shop.get("/").text
    assert titles(page) == [
        "Account main is paused: its calls wait",
        "1 call of account main may or may not have run",
        "Rule “sold” of shop fails",
        "1 webhook could not be read in the last week",
        "1 call started no bot in the last day",
        "1 webhook of shop was rejected in the last day",
    ]
    assert "bots are &lt;b&gt;rebuilt" in page
    for way in (
        "/console/calls?state=uncertain",
        "/console/events?source=shop&amp;rule=sold&amp;result=failed",
        "/console/events?result=unreadable",
        "/console/calls?state=failed&amp;since=24h",
        "/console/refusals?source=shop",
    ):
        assert f'href="{way}"' in page
    assert (
        titles(shop.get("/", Accept_Language="ru").text)[1]
        == "О 1 вызове аккаунта main неизвестно, выполнен ли он"
    )


def test_calls_in_doubt_are_shown_by_account_and_cause_each_with_its_way(shop: Site) -> None:
    store = shop.side.store
    owe(store, *(start(person) for person in range(1, 4)))
    calls = claim(store)
    for call, cause in zip(calls, ("http_502", "http_502", "timeout"), strict=True):
        settle(store, settlement(call, "uncertain", shown=given.attempt(Outcome.UNCERTAIN, cause=cause)))
    page = shop.get("/").text
    assert titles(page) == [
        "2 calls of account main may or may not have run",
        "1 call of account main may or may not have run",
    ]
    assert "<p>HTTP 502, since 20" in page
    assert "<p>No answer in time, since 20" in page
    (way,) = re.findall(r'href="/console(/calls\?state=uncertain&amp;account=main&amp;cause=http_502)"', page)
    listed = shop.get(way.replace("&amp;", "&")).text
    assert len(set(re.findall(r'href="/console/calls/(\d+)"', listed))) == 2
    assert '<option value="http_502" selected>HTTP 502</option>' in listed
    assert "cause=http_502" in re.findall(r'href="(/console/calls/decide[^"]*)"', listed)[0]
    assert "<p>HTTP 502, с 20" in shop.get("/", Accept_Language="ru").text


def test_an_open_breaker_says_since_when_and_what_its_last_probe_found(shop: Site) -> None:
    store = shop.side.store
    owe(store, start(1))
    resting = Breaker(
        Gate.OPEN, until=given.NOW, wait=60_000, since=given.NOW, probe=Reason(CallCode.ANSWERED, status=502)
    )
    with store.transaction() as connection:
        state = accounts.lock(connection, "main")
        accounts.save(connection, [replace(state, health=to_text(Health(breaker=resting)))])
    page = shop.get("/").text
    assert titles(page) == ["Calls of account main wait until LeadConverter is available"]
    assert "<p>Last probe: answered 502</p>" in page
    assert "<p>Последняя проба: ответ 502</p>" in shop.get("/", Accept_Language="ru").text


def test_a_rule_whose_failures_were_all_replayed_needs_nobody(shop: Site) -> None:
    of_now(shop, "bad", LACKING)
    assert titles(shop.get("/").text) == ["Rule “sold” of shop fails"]
    with shop.side.store.transaction() as connection:
        connection.exec_driver_sql("UPDATE events SET result = 'matched'")
    assert titles(shop.get("/").text) == []


def test_without_any_mapping_file_that_is_what_is_wrong(site: MakeSite) -> None:
    assert titles(site().get("/").text) == ["No source is connected yet: nothing is accepted"]


def test_what_variables_close_is_shown_with_the_cure(shop: Site) -> None:
    closed = MAPPING.replace("verify: none", "secret: ${GONE}\nverify: {token: {path: true}}")
    (shop.side.mapping_loader._folder / "shop.yml").write_text(closed)
    shop.side.mapping_loader.refresh()
    page = shop.get("/").text
    assert titles(page) == ["Source shop is closed, its webhooks are answered 503: GONE is not set"]
    assert "<p>Set it in the environment or in .env</p>" in page
    assert "environment variable GONE is not set" in shop.get("/rules/shop").text


def test_a_source_that_has_sent_nothing_yet_is_a_hint_once_another_has(shop: Site) -> None:
    (shop.side.mapping_loader._folder / "crm.yml").write_text(MAPPING.replace("source: shop", "source: crm"))
    shop.side.mapping_loader.refresh()
    assert titles(shop.get("/").text) == []
    of_now(shop, "a", given.made())
    page = shop.get("/").text
    assert titles(page) == ["Source crm is connected, and has sent nothing yet"]
    assert '<li class="note info">' in page
    assert 'href="/console/connect/to/crm">See the address</a>' in page
    assert "Nothing needs attention" in page


def test_broken_mapping_files_are_shown_with_their_findings(shop: Site) -> None:
    (shop.side.mapping_loader._folder / "shop.yml").write_text(
        MAPPING.replace("status: paid", "status: {gte: x}")
    )
    shop.side.mapping_loader.refresh()
    page = shop.get("/").text
    assert titles(page) == ["The mapping files have errors or are missing: the last good set stays in use"]
    assert "shop.yml:8:" in page
    assert 'href="/console/rules"' in page


def test_a_source_that_fell_silent_is_missed_as_its_owner_asked(shop: Site) -> None:
    (shop.side.mapping_loader._folder / "accounts.yml").write_text(
        "accounts: {main: {token: '${LEADCONVERTER_TOKEN}'}}\n"
        "alerts: {url: https://example.com/, silence: {shop: 1h}}\n"
    )
    shop.side.mapping_loader.refresh()
    take_in(shop.side.store, sale("old"))
    of_now(shop, "new", given.made())
    assert titles(shop.get("/").text) == []
    with shop.side.store.transaction() as connection:
        connection.exec_driver_sql("UPDATE events SET received_at = received_at - 7300000")
    assert titles(shop.get("/").text) == ["Source shop has sent nothing for 2 h"]


def test_an_account_is_paused_and_let_go_on_with_a_reason_in_the_audit(shop: Site) -> None:
    shop.login()
    answer = shop.post("/accounts/pause", {"account": "main", "why": " bots  are rebuilt "})
    assert (answer.status_code, answer.location) == (303, "/console/")
    page = shop.get("/").text
    assert "Account main is paused</p>" in page
    assert "bots are rebuilt" in page
    assert "Account main was paused already</p>" in _after(shop, "/accounts/pause")
    assert "Account main is resumed</p>" in _after(shop, "/accounts/resume")
    assert "Account main was not paused</p>" in _after(shop, "/accounts/resume")
    assert given.rows(shop.side.store, "SELECT who, what FROM actions ORDER BY id") == [
        ("anna", PAUSE),
        ("anna", RESUME),
    ]


def _after(one: Site, path: str) -> str:
    one.post(path, {"account": "main"})
    return one.get("/").text


def test_an_account_that_nobody_knows_cannot_be_paused(shop: Site) -> None:
    shop.login()
    assert shop.post("/accounts/pause", {"account": "<b>"}).status_code == 404


def test_a_source_and_a_rule_are_paused_and_let_go_on_with_a_reason_in_the_audit(shop: Site) -> None:
    shop.login()
    sold = {"source": "shop", "rule": "sold"}
    answer = shop.post("/rules/pause", {**sold, "why": " price  is wrong "})
    assert (answer.status_code, answer.location) == (303, "/console/rules/shop")
    page = shop.get("/rules/shop").text
    assert "shop/sold is paused: its calls wait</p>" in page
    assert page.count(">Paused<") == 1
    assert "shop/sold was paused already" in _told(shop, "/rules/pause", sold)
    assert "shop is paused: its calls wait" in _told(shop, "/rules/pause", {"source": "shop"})
    assert titles(shop.get("/").text) == [
        "Source shop is paused: its calls wait",
        "Rule “sold” of shop is paused: its calls wait",
    ]
    assert "price is wrong" in shop.get("/").text
    assert "shop is resumed" in _told(shop, "/rules/resume", {"source": "shop"})
    assert "shop/sold is resumed" in _told(shop, "/rules/resume", sold)
    assert "shop/sold was not paused" in _told(shop, "/rules/resume", sold)
    assert titles(shop.get("/").text) == []
    actions = given.rows(shop.side.store, "SELECT who, what, kind, target, why FROM actions ORDER BY id")
    assert actions == [
        ("anna", PAUSE, "rule", "shop/sold", "price is wrong"),
        ("anna", PAUSE, "source", "shop", ""),
        ("anna", RESUME, "source", "shop", ""),
        ("anna", RESUME, "rule", "shop/sold", ""),
    ]


def _told(one: Site, path: str, form: dict[str, str]) -> str:
    one.post(path, form)
    return one.get("/rules/shop").text


def test_a_pause_of_what_is_in_no_file_any_more_can_be_ended(shop: Site) -> None:
    shop.login()
    gone = {"source": "gone", "rule": "x"}
    assert shop.post("/rules/pause", gone).status_code == 404
    assert shop.post("/rules/pause", {"source": "shop", "rule": "x"}).status_code == 404
    pause.pause_rules(shop.side.store, "gone", "x", Decider("anna"))
    assert "leadbridge resume" not in shop.get("/").text
    answer = shop.post("/rules/resume", gone)
    assert (answer.status_code, answer.location) == (303, "/console/")
    assert shop.post("/rules/resume", gone).status_code == 404


def test_who_may_only_look_sees_no_buttons(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD="p" * 12, BRIDGE_CONSOLE_READ_PASSWORD="r" * 12)
    with one.side.store.transaction() as connection:
        accounts.pause(connection, given.NOW, "main", who="anna", why="")
    one.login("r" * 12)
    page = one.get("/").text
    assert "Account main is paused: its calls wait" in titles(page)
    assert "/console/accounts/" not in page
    assert "leadbridge resume account main" in page


@pytest.mark.parametrize(("span", "columns"), [("hour", 12), ("day", 24), ("week", 28), ("<b>", 24)])
def test_the_chart_covers_an_hour_a_day_or_a_week_and_has_a_table_behind_it(
    shop: Site, span: str, columns: int
) -> None:
    of_now(shop, "a", given.made())
    page = shop.get(f"/?span={span}").text
    assert page.count("<title data-at=") == columns
    assert page.count('<rect class="received" x=') == 1
    assert len(re.findall(r'<td data-label="From">', page)) == columns
    assert "1 received, 0 bots started, 0 uncertain, 0 failed." in page


def test_sources_show_when_they_were_heard_last_and_how_much_they_send(shop: Site) -> None:
    of_now(shop, "a", given.made())
    take_in(shop.side.store, sale("z", source="gone"))
    rows = re.findall(r"<tr>.*?</tr>", shop.get("/overview/now").text, re.DOTALL)
    gone, known = (next(row for row in rows if f">{name}</a>" in row) for name in ("gone", "shop"))
    assert "no mapping file" in gone
    assert "just now" in known
    assert "no mapping file" not in known
