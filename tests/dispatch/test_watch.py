"""The owner is told: what a dispatcher meets, what it finds, by post and by a bot, once in a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bridge.dispatch.alerts.events import AlertEvents
from bridge.dispatch.alerts.notifier import AlertNotifier
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.model import Alerts, AlertStart, Application, Failure, Recipient
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.reasons.stored import to_text
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.engine import Store
from bridge.store.state import alerts
from tests.conftest import Clock
from tests.dispatch.server import Server, answering, closing, http, serving
from tests.dispatch.test_worker import FAST, bench
from tests.store.given import NOT_JSON, PING, claim, delivery, event, later, made, owe, rows, start, take_in
from tests.support.reasons import because, read
from tests.support.sandbox import Sandbox

OK = answering(http("200 OK"))
OWNER = AlertStart("main", 12, Recipient(subscriber_id=77))
SECRET_PATH = "/services/canary-51?chat=5"


class Guard:
    """A notifier whose looks the test takes, and the owner's wishes."""

    def __init__(self, store: Store, **wishes: Any) -> None:
        self.wishes = Alerts(**wishes)
        self.client = Client(Transport(), deadline=5.0)
        self.accounts = {"main"}
        self.notifier = AlertNotifier(
            store, AlertEvents(lambda: self.wishes), self.client, accounts=lambda: self.accounts
        )

    def look(self) -> None:
        asyncio.run(self.notifier.look())


@contextmanager
def guarding(store: Store, **wishes: Any) -> Iterator[Guard]:
    made = Guard(store, **wishes)
    try:
        yield made
    finally:
        made.client.close()


def happens(store: Store, kind: str, *words: str) -> None:
    with store.transaction() as connection:
        alerts.note(connection, store.now(connection), {kind: [because(one) for one in words]})


def posted(server: Server) -> list[dict[str, Any]]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}{SECRET_PATH}"


def owner_calls(store: Store) -> list[tuple[Any, ...]]:
    return rows(store, "SELECT source, rule, account, recipient, state FROM calls ORDER BY id")


def test_what_happened_is_posted_as_json_once_in_ten_minutes(store: Store, clock: Clock) -> None:
    with serving(OK) as server, guarding(store, url=address(server)) as guard:
        happens(store, "refused", "call 1 of account main: answered 422")
        guard.look()
        happens(store, "refused", "call 2 of account main: answered 422")
        guard.look()
        (document,) = posted(server)
        assert document["alert"] == "refused"
        assert document["detail"] == "call 1 of account main: answered 422"
        assert server.requests[0].startswith(f"POST {SECRET_PATH} HTTP/1.1\r\n".encode())
        assert b"\r\nContent-Type: application/json; charset=utf-8\r\n" in server.requests[0]
        clock.advance(600)
        guard.look()
        assert [one["detail"] for one in posted(server)][1:] == ["call 2 of account main: answered 422"]


def test_of_many_processes_one_posts(store: Store) -> None:
    with serving(OK) as server, guarding(store, url=address(server)) as guard:
        happens(store, "paused", "account main: the token is not accepted")
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: guard.look(), range(6)))
        assert len(posted(server)) == 1


def test_a_bot_start_for_the_owner_is_an_ordinary_call_in_the_queue(store: Store) -> None:
    with guarding(store, start=OWNER) as guard:
        happens(store, "uncertain", "call 1 of account main: no answer came")
        guard.look()
        assert owner_calls(store) == [("alerts", "alerts: uncertain", "main", "subscriber:77", "queued")]
        (call,) = claim(store)
        assert dict(call.start.variables)["text"].startswith("1 call may or may not have run; call 1 ")
        assert rows(store, "SELECT source, type, result, verified FROM events") == [
            ("alerts", "uncertain", "matched", to_text(Reason(WebhookCode.BY_BRIDGE)))
        ]
        guard.look()
        assert len(owner_calls(store)) == 1


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        (answering(http("302 Found", b"", "Location: http://127.0.0.1:1/")), "answered 302"),
        (answering(http("500 Internal Server Error")), "answered 500"),
        (closing, "the connection was reset"),
    ],
    ids=["redirect", "error", "hang-up"],
)
def test_a_post_that_fails_is_told_without_its_address_and_tried_again_in_a_minute(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture, script: Any, fault: str
) -> None:
    with serving(script, OK) as server, guarding(store, url=address(server)) as guard:
        happens(store, "refused", "call 1")
        guard.look()
        errors = [line for line in caplog.messages if "cannot post" in line]
        assert len(errors) == 1
        assert errors[0].startswith("cannot post the alert: ")
        if script is not closing:
            assert errors[0].endswith(fault)
        assert "canary" not in caplog.text
        before = len(posted(server))
        guard.look()
        assert len(posted(server)) == before
        clock.advance(60)
        guard.look()
        assert len(posted(server)) == before + 1
        clock.advance(60)
        guard.look()
        assert len(posted(server)) == before + 1


def test_where_a_bot_tells_a_failed_post_is_not_repeated(store: Store, clock: Clock) -> None:
    with (
        serving(answering(http("500 No"))) as server,
        guarding(store, url=address(server), start=OWNER) as guard,
    ):
        happens(store, "refused", "call 1")
        guard.look()
        clock.advance(600)
        guard.look()
        assert (len(posted(server)), len(owner_calls(store))) == (1, 1)


def test_kinds_that_are_not_wanted_are_neither_noted_nor_kept(store: Store, clock: Clock) -> None:
    with serving(OK) as server, guarding(store, url=address(server), kinds=("paused",)) as guard:
        happens(store, "refused", "call 1")
        guard.look()
        guard.wishes = replace(guard.wishes, kinds=("refused",))
        clock.advance(3600)
        guard.look()
        assert posted(server) == []


def test_failing_rules_and_unreadable_bodies_are_told_without_what_the_sender_wrote(
    store: Store, clock: Clock
) -> None:
    def failed(key: str) -> None:
        why = Reason(RuleCode.NO_ID, what="$.buyer", found=Reason(RuleCode.IS, value='"Мария"'))
        failure = Failure("sold", 0, "subscriber_id", "$.buyer", why)
        take_in(store, delivery((event(key), Application((), (failure,), ()))))

    with serving(OK) as server, guarding(store, url=address(server)) as guard:
        failed("before anybody looked")
        guard.look()
        failed("f1")
        failed("f2")
        take_in(store, delivery(unreadable=NOT_JSON))
        guard.look()
        assert posted(server) == []
        clock.advance(10)
        guard.look()
        told = {one["alert"]: (one["count"], one["detail"]) for one in posted(server)}
        assert told == {
            "failing": (2, 'event 3 of shop: rule "sold" found no usable subscriber_id at $.buyer'),
            "unreadable": (1, "event 4 of shop: not JSON: NaN is not a number"),
        }
        clock.advance(600)
        guard.look()
        assert len(posted(server)) == 2


def test_a_source_with_an_ambiguous_id_is_told_of_once(store: Store, clock: Clock) -> None:
    def again(who: int) -> None:
        outcome = delivery(
            (event("p1", received_at=clock.ms), made(start(who))), compare=lambda *_: "outcome"
        )
        take_in(store, outcome)

    with serving(OK) as server, guarding(store, url=address(server)) as guard:
        again(7)
        guard.look()
        assert posted(server) == []
        again(8)
        guard.look()
        (document,) = posted(server)
        assert document["alert"] == "ambiguous"
        assert document["detail"] == "shop: 1 webhook with a known id would have started something else"
        for _ in range(3):
            clock.advance(3 * 86_400)
            again(9)
            guard.look()
        assert len(posted(server)) == 1
        clock.advance(8 * 86_400)
        again(9)
        guard.look()
        assert len(posted(server)) == 2


def test_a_source_that_falls_silent_is_missed_once_per_silence(store: Store, clock: Clock) -> None:
    def heard() -> None:
        take_in(store, delivery(ignored=PING, received_at=clock.ms))

    with serving(OK) as server, guarding(store, url=address(server), silence={"shop": 3600}) as guard:
        heard()
        guard.look()
        clock.advance(3600)
        guard.look()
        assert posted(server) == []
        clock.advance(1)
        guard.look()
        assert [one["detail"] for one in posted(server)] == [
            "shop has sent nothing since 2027-01-15T08:00:00Z"
        ]
        clock.advance(7200)
        guard.look()
        assert len(posted(server)) == 1
        heard()
        guard.look()
        clock.advance(3601)
        guard.look()
        assert len(posted(server)) == 2


def test_a_source_that_never_sent_anything_is_missed_after_its_time(store: Store, clock: Clock) -> None:
    with serving(OK) as server, guarding(store, url=address(server), silence={"crm": 60}) as guard:
        guard.look()
        clock.advance(61)
        guard.look()
        assert [one["alert"] for one in posted(server)] == ["silent"]


def test_without_wishes_nothing_is_looked_at(store: Store) -> None:
    with guarding(store) as guard:
        guard.look()
        assert rows(store, "SELECT count(*) FROM alerts") == [(0,)]


def noted(store: Store) -> dict[str, tuple[int, str]]:
    return {
        name: (many, read(detail))
        for name, many, detail in rows(store, "SELECT name, pending, detail FROM alerts")
    }


def test_a_dispatcher_notes_what_it_meets_in_the_transaction_that_settles_it(
    store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    account = replace(FAST, url=sandbox.url)
    with bench(store, clock, account, alerts=lambda: Alerts(url="http://127.0.0.1:1/")) as desk:
        sandbox.fault("422", times=1)
        owe(store, start(1))
        desk.settled()
        sandbox.fault("truncated", times=1)
        owe(store, start(2))
        desk.settled()
        sandbox.fault("401", times=1)
        owe(store, start(3))
        desk.settled()
    found = noted(store)
    assert {kind: many for kind, (many, _) in found.items()} == {"refused": 1, "uncertain": 1, "paused": 1}
    assert found["refused"][1].startswith("call 1 of account main: answered 422: ")
    assert found["paused"][1].startswith("account main: answered 401: ")


def test_a_call_whose_sender_died_is_noted_and_one_that_is_sent_again_is_not(
    store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    owe(store, start(1), start(2, on_uncertain="resend"))
    claim(store, owner="dead")
    clock.advance(61)
    wishes = Alerts(url="http://127.0.0.1:1/")
    with bench(store, clock, replace(FAST, url=sandbox.url), alerts=lambda: wishes):
        assert noted(store) == {
            "uncertain": (
                1,
                "call 1 of account main: the process that sent it stopped or lost its lease: it may have run",
            )
        }


def test_calls_that_expire_are_noted_as_not_made(store: Store, clock: Clock, sandbox: Sandbox) -> None:
    owe(store, start(1, expires=60), start(2, expires=60))
    clock.advance(61)
    with bench(
        store, clock, replace(FAST, url=sandbox.url), alerts=lambda: Alerts(url="http://127.0.0.1:1/")
    ):
        assert noted(store) == {"refused": (2, "a call expired before it could be sent")}


def test_the_bridges_own_alerts_cause_no_alerts(store: Store, clock: Clock, sandbox: Sandbox) -> None:
    wishes = Alerts(start=OWNER)
    with bench(store, clock, replace(FAST, url=sandbox.url), alerts=lambda: wishes) as desk:
        happens(store, "paused", "account other: answered 401")
        desk.do(desk.dispatcher.notifier.look())
        sandbox.fault("422", times=1)
        desk.settled()
        assert rows(store, "SELECT state FROM calls") == [("refused",)]
        assert noted(store)["paused"][0] == 0
        assert "refused" not in noted(store)


def test_the_owners_bot_is_started_like_any_other(store: Store, clock: Clock, sandbox: Sandbox) -> None:
    wishes = Alerts(start=OWNER)
    with bench(store, clock, replace(FAST, url=sandbox.url), alerts=lambda: wishes) as desk:
        happens(store, "silent", "shop has sent nothing")
        desk.do(desk.dispatcher.notifier.look())
        desk.settled()
    (call,) = sandbox.calls()
    assert (call["subscriber_id"], call["bot_id"], call["forced"], call["ran"]) == ("77", "12", "true", True)
    assert call["variables"]["alert"] == "silent"


def test_an_account_that_is_gone_while_calls_wait_is_reported_once_until_it_is_back(
    store: Store, clock: Clock
) -> None:
    with serving(*[OK] * 2) as server, guarding(store, url=address(server)) as guard:
        guard.accounts = set()
        owe(store, start(account="gone"), later(account="gone"))
        guard.look()
        assert posted(server) == []
        for names in ({"main"}, {"main"}, {"main", "gone"}, {"main"}, {"main"}):
            guard.accounts = names
            guard.look()
            clock.advance(601)
        texts = [one["text"] for one in posted(server)]
        assert (
            texts
            == [
                "1 reason why calls are not sent; account gone is in no mapping file: 2 calls wait for it. "
                "See: leadbridge doctor"
            ]
            * 2
        )
