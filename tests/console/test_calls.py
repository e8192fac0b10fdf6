"""Calls: found, looked at, decided one by one and many at once."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import quote_plus

import pytest
from werkzeug.test import TestResponse

from bridge.dispatch.maintenance import BY_POLICY
from bridge.model import Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.engine import Store
from bridge.store.queue import decisions
from bridge.store.reports.audit import BRIDGE
from bridge.text.render import english
from bridge.web.console import bulk
from tests.console.conftest import MakeSite
from tests.console.visits import Site
from tests.store.given import attempt, claim, owe, rows, settle, settlement, start, state, states

WHY = "seen in LeadConverter"


def uncertain(store: Store, *subscribers: int) -> list[int]:
    """Calls of which nobody knows whether they ran."""
    ids = owe(store, *(start(one) for one in subscribers))
    claimed = claim(store)
    shown = attempt(Outcome.UNCERTAIN, status=None, phase="waiting", answer="", reason="no answer came")
    settle(store, *(settlement(one, "uncertain", shown=shown) for one in claimed))
    return ids


def field(answer: TestResponse, name: str) -> str:
    found = re.search(f'name="{name}"[^>]* value="([^"]*)"', answer.text)
    assert found, answer.text
    return found[1]


def shown(answer: TestResponse, *names: str) -> dict[str, str]:
    """The hidden fields of a form that asks whether to go on."""
    return {name: field(answer, name) for name in names}


def actions(store: Store) -> list[tuple[str, ...]]:
    found = rows(store, "SELECT who, what, why, target FROM actions ORDER BY id")
    return [(who, english(from_text(what)), why, target) for who, what, why, target in found]


def numbers(answer: TestResponse) -> list[int]:
    return [int(one) for one in re.findall(r'class="row" href="/console/calls/(\d+)"', answer.text)]


def test_calls_are_listed_newest_first_by_state_and_by_whatever_else_is_asked(site: MakeSite) -> None:
    one = site()
    uncertain(one.side.store, 7, 8)
    owe(one.side.store, start(9, rule="other"))
    assert numbers(one.get("/calls")) == [3, 2, 1]
    assert numbers(one.get("/calls?state=uncertain")) == [2, 1]
    assert numbers(one.get("/calls?state=open")) == [3]
    assert numbers(one.get("/calls?recipient=8")) == [2]
    assert numbers(one.get("/calls?rule=other&since=7d")) == [3]
    assert numbers(one.get("/calls?state=done")) == []


@pytest.mark.parametrize("asked", ["state=nonsense", "since=soon", "event=x", f"event={'9' * 30}"])
def test_a_filter_that_cannot_be_read_is_told_beside_it(site: MakeSite, asked: str) -> None:
    answer = site().get(f"/calls?{asked}")
    assert answer.status_code == 200
    assert "The filter cannot be read" in answer.text


def test_a_filter_that_cannot_be_read_is_told_in_the_visitor_s_language(site: MakeSite) -> None:
    page = site().get("/calls?since=soon", Accept_Language="ru").text
    assert "начало: ожидается промежуток или время, а здесь «soon»; например: 90m, 7d," in page
    page = site().get("/calls?event=x", Accept_Language="ru").text
    assert "событие: ожидается номер, а здесь «x»" in page


def test_a_list_goes_on_where_its_page_ends(site: MakeSite) -> None:
    one = site()
    owe(one.side.store, *(start(number) for number in range(1, 53)))
    first = one.get("/calls?source=shop")
    assert numbers(first) == list(range(52, 2, -1))
    assert 'href="/console/calls?source=shop&amp;before=3"' in first.text
    assert numbers(one.get("/calls?source=shop&before=3")) == [2, 1]


def test_the_file_has_every_call_that_fits_and_no_formula(site: MakeSite) -> None:
    one = site()
    owe(one.side.store, start(7, rule="=HYPERLINK(1)"), *(start(number) for number in range(10, 520)))
    answer = one.get("/calls.csv")
    table = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [int(row["call"]) for row in table] == list(range(511, 0, -1))
    assert table[-1]["rule"] == "'=HYPERLINK(1)"
    assert table[-1]["variables"] == '{"amount":"1990.00","name":"Иван"}'
    few = one.get("/calls.csv?recipient=7").data.decode("utf-8-sig")
    assert [row["recipient"] for row in csv.DictReader(io.StringIO(few))] == ["subscriber:7"]


def test_a_call_shows_its_attempts_its_request_and_no_token(site: MakeSite) -> None:
    one = site(LEADCONVERTER_TOKEN="canary-token-123")
    uncertain(one.side.store, 7)
    page = one.get("/calls/1").text
    for words in ("no answer came", "request sent, waiting for an answer", "variable[name]", "Иван"):
        assert words in page
    assert "canary" not in page


def test_what_is_not_there_is_not_found(site: MakeSite) -> None:
    one = site()
    assert one.get("/calls/5").status_code == 404
    assert one.get(f"/calls/{'9' * 40}").status_code == 404
    assert one.post("/calls/5/decide", {"choice": "done", "why": WHY}).status_code == 409


def test_an_error_is_said_with_its_cure_in_the_visitor_s_language(site: MakeSite) -> None:
    refused = site().post("/calls/5/decide", {"choice": "done", "why": WHY}, Accept_Language="ru")
    assert refused.status_code == 409
    assert "вызова 5 нет" in refused.text
    assert "список вызовов: leadbridge calls" in refused.text


@pytest.mark.parametrize(
    ("choice", "end", "told"),
    [("done", "done", "resolve as done"), ("resend", "queued", "resend"),
     ("cancel", "cancelled", "resolve as cancelled")],
)  # fmt: skip
def test_an_uncertain_call_is_settled_with_who_and_why(
    site: MakeSite, choice: str, end: str, told: str
) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD="open")
    one.login("open", "anna")
    uncertain(one.side.store, 7)
    answer = one.post("/calls/1/decide", {"choice": choice, "why": f"  {WHY}\n"})
    assert (answer.status_code, answer.location) == (303, "/console/calls/1")
    assert state(one.side.store, 1) == end
    assert actions(one.side.store) == [("anna", told, WHY, "1")]


def test_nothing_is_decided_without_a_reason(site: MakeSite) -> None:
    one = site()
    uncertain(one.side.store, 7)
    assert one.post("/calls/1/decide", {"choice": "done", "why": " "}).status_code == 303
    assert "Give a reason" in one.get("/calls/1").text
    assert state(one.side.store, 1) == "uncertain"


def test_a_choice_that_its_state_does_not_allow_is_no_button_and_is_refused(site: MakeSite) -> None:
    one = site()
    owe(one.side.store, start(7))
    assert re.findall(r'name="choice" value="(\w+)"', one.get("/calls/1").text) == ["cancel"]
    assert one.post("/calls/1/decide", {"choice": "resend", "why": WHY}).status_code == 409
    assert one.post("/calls/1/decide", {"choice": "nonsense", "why": WHY}).status_code == 400
    assert state(one.side.store, 1) == "queued"


def test_a_finished_call_is_sent_again_once_and_leads_to_the_new_one(site: MakeSite) -> None:
    one = site()
    owe(one.side.store, start(7))
    one.post("/calls/1/decide", {"choice": "cancel", "why": WHY})
    answer = one.post("/calls/1/decide", {"choice": "again", "why": WHY})
    assert answer.location == "/console/calls/2"
    assert states(one.side.store) == {1: "cancelled", 2: "queued"}
    page = one.get("/calls/1").text
    assert "Sent again as call 2" in page
    assert 'value="again"' not in page


def test_what_a_change_did_is_said_on_the_next_page_alone(site: MakeSite) -> None:
    one = site()
    owe(one.side.store, start(7))
    one.post("/calls/1/decide", {"choice": "cancel", "why": WHY})
    assert 'class="message good"' in one.get("/calls/1").text
    assert 'class="message' not in one.get("/calls/1").text


def test_who_may_only_look_sees_no_button_and_decides_nothing(site: MakeSite) -> None:
    one = site(BRIDGE_CONSOLE_PASSWORD="open", BRIDGE_CONSOLE_READ_PASSWORD="look")
    uncertain(one.side.store, 7)
    one.login("look")
    for path in ("/calls/1", "/calls?state=uncertain", "/calls/decide?choice=done&state=uncertain"):
        page = one.get(path)
        assert page.status_code == 200
        assert 'name="why"' not in page.text
        assert 'href="/console/calls/decide' not in page.text
    fields = {"choice": "done", "why": WHY}
    assert one.post("/calls/1/decide", fields).status_code == 403
    assert one.post("/calls/decide", {**fields, "state": "uncertain"}).status_code == 403
    assert state(one.side.store, 1) == "uncertain"


def asked_many(one: Site, query: str) -> dict[str, str]:
    page = one.get(f"/calls/decide?{query}")
    return shown(page, "state", "until", "choice", "mark", "count")


def test_many_calls_are_counted_first_and_then_exactly_these_are_settled(site: MakeSite) -> None:
    one = site()
    uncertain(one.side.store, *range(1, 26))
    fields = asked_many(one, "choice=done&state=uncertain")
    assert fields["count"] == "25"
    page = one.post("/calls/decide", {**fields, "why": WHY}).text
    assert "25 were done." in page
    assert set(states(one.side.store).values()) == {"done"}
    assert len(actions(one.side.store)) == 25


def test_a_long_change_goes_on_with_what_was_not_reached(
    site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "SECONDS", 0)
    one = site()
    uncertain(one.side.store, *range(1, 26))
    fields = {**asked_many(one, "choice=done&state=uncertain"), "why": WHY}
    for done, rest in ((10, 15), (20, 5)):
        page = one.post("/calls/decide", fields)
        assert f"{done} were done." in page.text
        assert f"Go on with the remaining {rest}" in page.text
        assert "data-go-on" in page.text
        fields = {**fields, **shown(page, "mark", "count", "done", "left", "added", "last")}
    page = one.post("/calls/decide", fields)
    assert "25 were done." in page.text
    assert "Go on" not in page.text
    assert len(actions(one.side.store)) == 25


def test_calls_that_came_after_the_count_are_left_alone(site: MakeSite) -> None:
    one = site()
    uncertain(one.side.store, 1, 2)
    fields = asked_many(one, "choice=cancel&state=uncertain")
    later = int(rows(one.side.store, "SELECT max(created_at) FROM calls")[0][0]) + 3_600_000
    uncertain(one.side.store, 3)
    with one.side.store.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE calls SET created_at = {later} WHERE id = 3")
    one.post("/calls/decide", {**fields, "why": WHY})
    assert states(one.side.store) == {1: "cancelled", 2: "cancelled", 3: "uncertain"}


def test_a_count_that_has_changed_is_told_and_asked_about_again(site: MakeSite) -> None:
    one = site()
    uncertain(one.side.store, 1, 2, 3)
    fields = asked_many(one, "choice=done&state=uncertain")
    one.post("/calls/1/decide", {"choice": "done", "why": WHY})
    again = one.post("/calls/decide", {**fields, "why": WHY})
    assert "There were 3 when you looked, by now there are 2" in again.text
    assert field(again, "why") == WHY
    assert states(one.side.store) == {1: "done", 2: "uncertain", 3: "uncertain"}
    fields = shown(again, "state", "until", "choice", "mark", "count")
    assert "2 were done." in one.post("/calls/decide", {**fields, "why": WHY}).text


def test_a_call_that_moves_on_while_many_are_settled_is_left_and_told(
    site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = site()
    uncertain(one.side.store, *range(1, 13))
    fields = asked_many(one, "choice=done&state=uncertain")
    wake = one.side.intake.wake

    def late() -> None:
        with one.side.store.transaction() as connection:
            connection.exec_driver_sql("UPDATE calls SET state = 'done' WHERE id = 12")
        wake()

    monkeypatch.setattr(one.side.intake, "wake", late)
    page = one.post("/calls/decide", {**fields, "why": WHY}).text
    assert "11 were done." in page
    assert "1 was left as it was." in page
    assert "call 12 is done and cannot be resolved, expected uncertain" in page


def test_a_bulk_decision_needs_a_reason_and_something_to_decide(site: MakeSite) -> None:
    one = site()
    uncertain(one.side.store, 1)
    fields = asked_many(one, "choice=done&state=uncertain")
    assert "Give a reason" in one.post("/calls/decide", fields).text
    assert state(one.side.store, 1) == "uncertain"
    assert "Nothing is left to decide" in one.get("/calls/decide?choice=resend&state=done").text
    assert one.get("/calls/decide?choice=nonsense").status_code == 400


def test_what_senders_wrote_is_text(site: MakeSite) -> None:
    one = site()
    evil = "<script>alert(1)</script>\"'>"
    owe(one.side.store, start(7, rule=evil, variables=(("x", evil),)))
    for path in ("/calls", "/calls/1", "/recipients/7", "/events/1"):
        assert "<script>alert" not in one.get(path).text


def test_a_page_shows_reasons_in_the_visitors_language_and_older_sentences_as_they_were(
    site: MakeSite,
) -> None:
    one = site()
    owe(one.side.store, start(1), start(2), start(3))
    (unreachable, older) = claim(one.side.store)[:2]
    no_route = Reason(CallCode.UNSENT, fault=Reason(CallCode.NO_ROUTE))
    shown = attempt(Outcome.REFUSED, reason=no_route)
    settle(one.side.store, settlement(unreachable, "refused", reason=no_route, shown=shown))
    settle(one.side.store, settlement(older, "refused"))
    with one.side.store.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE calls SET reason = 'an older sentence' WHERE id = {older.id}")
    russian = "ничего не отправлено: нет пути к серверу"
    page = one.get("/calls", Accept_Language="ru").text
    assert russian in page
    assert "«an older sentence»" in page
    assert 'class="reason">–</td>' in page
    assert one.get(f"/calls/{unreachable.id}", Accept_Language="ru").text.count(russian) == 2
    assert "nothing was sent: no route to host" in one.get("/calls").text
    (row,) = (
        line for line in one.get("/calls.csv", Accept_Language="ru").text.splitlines() if "route" in line
    )
    assert "nothing was sent: no route to host" in row


def test_what_the_bridge_decided_is_shown_in_the_visitors_language(site: MakeSite) -> None:
    one = site()
    (number,) = uncertain(one.side.store, 7)
    with one.side.store.transaction() as connection:
        decisions.resend(connection, one.side.store.now(connection), number, BY_POLICY)
    assert "отправил повторно мост: on_uncertain: resend" in one.get("/calls", Accept_Language="ru").text
    page = one.get("/audit", Accept_Language="ru").text
    assert ">мост</a>" in page
    assert f'href="/console/audit?who={quote_plus(BRIDGE)}"' in page
    assert "resent by the bridge: on_uncertain: resend" in one.get("/calls").text
