"""Answers of a new shape that count as done: stored once per account, at no cost for those that are known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.policy.answer import decode
from bridge.dispatch.policy.answer_shape import shape_of
from bridge.errors import BridgeError, StoreUnavailable
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.stored import to_text
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.state import answers
from tests.conftest import Clock
from tests.dispatch.test_worker import FAST, Bench, bench
from tests.store.given import owe, rows, start, states
from tests.support.sandbox import Sandbox

KINDS = (
    "200 application/json {account: object, count: number, ok: boolean, tags: list, text: string, void: null}"
)
ANNA = Decider("anna", "seen in LeadConverter")


@pytest.fixture
def desk(store: Store, clock: Clock, sandbox: Sandbox) -> Iterator[Bench]:
    """A dispatcher in front of the sandbox."""
    with bench(store, clock, replace(FAST, url=sandbox.url)) as made:
        yield made


def answer_of(desk: Bench, sandbox: Sandbox, body: str, **more: Any) -> None:
    """One more call, which gets this answer."""
    sandbox.fault("answer", body=body, **{"type": "application/json", **more})
    (number,) = owe(desk.store, start(7))
    desk.settled()
    assert states(desk.store)[number] == "done"


def shapes(store: Store) -> list[str]:
    with store.read() as connection:
        return [one.shape.text for one in answers.unconfirmed(connection)]


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What is asked of the table while it lasts."""
    made: list[str] = []

    def heard(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "answers" in statement:
            made.append(" ".join(statement.split()))

    engines = {id(one): one for one in (store.writing, store.reading)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", heard)
    yield made
    for engine in engines:
        event.remove(engine, "before_cursor_execute", heard)


@pytest.mark.parametrize(
    ("body", "kind", "shape"),
    [
        (
            '{"text":"Anna","ok":true,"count":1.50,"void":null,"tags":[1],"account":{"id":1}}',
            "application/json; charset=utf-8",
            KINDS,
        ),
        ('{"+79161234567":1,"order_17":2,"a b":3}', "", "200 no type {*: number, order_#: number}"),
        ('{"canary-7f3a":1}', "text/html", "200 text/html {*: number}"),
        ("[1]", "application/json", "200 application/json list"),
        ("1", "text/canary-7f3a", "200 unknown type number"),
        ("OK", "Text/Plain", "200 text/plain text"),
        ("", "text/plain", "200 text/plain empty"),
        (
            "{" + ",".join(f'"{chr(97 + n)}":1' for n in range(25)) + "}",
            "x",
            f"200 unknown type {{{', '.join(f'{chr(97 + n)}: number' for n in range(20))}, …}}",
        ),
    ],
)
def test_a_shape_holds_no_value(body: str, kind: str, shape: str) -> None:
    seen = Exchange(
        Phase.COMPLETE, status=200, headers={"content-type": kind} if kind else {}, body=body.encode()
    )
    assert shape_of(seen, decode(seen, "canary-7f3a")) == shape


def test_the_first_answer_of_each_shape_is_stored_with_its_call(desk: Bench, sandbox: Sandbox) -> None:
    for name in ("Anna", "Olga"):
        answer_of(desk, sandbox, f'{{"message":"{name}","ok":true}}')
    answer_of(desk, sandbox, '{"message":"Anna","ok":1}')
    answer_of(desk, sandbox, '{"message":"Anna","ok":true}', status=201)
    assert rows(
        desk.store, "SELECT account, url, shape, call_id, confirmed_at FROM answers ORDER BY call_id"
    ) == [
        ("main", sandbox.url, "200 application/json {message: string, ok: boolean}", 1, 0),
        ("main", sandbox.url, "200 application/json {message: string, ok: number}", 3, 0),
        ("main", sandbox.url, "201 application/json {message: string, ok: boolean}", 4, 0),
    ]


def test_a_known_shape_costs_no_statement(desk: Bench, sandbox: Sandbox) -> None:
    with statements(desk.store) as made:
        answer_of(desk, sandbox, '{"a":1}')
        assert [one.split()[0] for one in made] == ["SELECT", "INSERT"]
        answer_of(desk, sandbox, '{"a":2}')
        assert len(made) == 2
        answer_of(desk, sandbox, '{"b":2}')
        assert [one.split()[0] for one in made[2:]] == ["INSERT"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("answer", {"body": '{"result":false}', "type": "application/json"}),
        ("html", {}),
        ("404", {}),
        ("500", {}),
    ],
)
def test_only_what_counts_as_done_has_a_shape(
    desk: Bench, sandbox: Sandbox, kind: str, more: dict[str, Any]
) -> None:
    sandbox.fault(kind, **more)
    owe(desk.store, start(7))
    desk.settled()
    assert shapes(desk.store) == []


def test_an_owner_who_has_said_what_success_is_is_not_asked(desk: Bench, sandbox: Sandbox) -> None:
    desk.accounts["main"] = replace(desk.accounts["main"], success=lambda _: None)
    answer_of(desk, sandbox, '{"a":1}')
    assert shapes(desk.store) == []


def test_an_account_is_asked_about_a_bounded_number_of_shapes(desk: Bench, sandbox: Sandbox) -> None:
    with statements(desk.store) as made:
        for number in range(answers.MOST + 3):
            answer_of(desk, sandbox, f'{{"{chr(97 + number)}":1}}')
    assert [one.split()[0] for one in made] == ["SELECT", *["INSERT"] * answers.MOST]
    assert len(shapes(desk.store)) == answers.MOST


def test_several_dispatchers_store_a_shape_once(
    store: Store, clock: Clock, sandbox: Sandbox, desk: Bench
) -> None:
    answer_of(desk, sandbox, '{"a":1}')
    with bench(store, clock, replace(FAST, url=sandbox.url), owner="w2") as other:
        answer_of(other, sandbox, '{"b":1}')
        answer_of(desk, sandbox, '{"b":1}')
        answer_of(desk, sandbox, '{"c":1}')
        answer_of(other, sandbox, '{"c":2}')
    calls = [1, 2, 4]
    assert rows(store, "SELECT call_id FROM answers ORDER BY call_id") == [(one,) for one in calls]


def test_a_shape_is_known_only_once_its_commit_has_landed(
    desk: Bench, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, write = desk.dispatcher.rounds, desk.dispatcher.rounds.write
    failures = [StoreUnavailable(Reason(GeneralCode.VERBATIM, text="the database is gone"))]

    def failing(*words: Any) -> Any:
        done = write(*words)
        if done.results and failures:
            raise failures.pop()
        return done

    monkeypatch.setattr(rounds, "write", failing)
    answer_of(desk, sandbox, '{"a":1}')
    assert failures == []
    assert shapes(desk.store) == ["200 application/json {a: number}"]


def test_a_shape_is_confirmed_once_and_written_down(desk: Bench, sandbox: Sandbox) -> None:
    answer_of(desk, sandbox, '{"a":1}')
    with desk.store.transaction() as connection:
        assert [answers.confirm(connection, 5, 1, ANNA), answers.confirm(connection, 6, 1, ANNA)] == [
            True,
            False,
        ]
        with pytest.raises(BridgeError, match="the answer to call 2 is not the first of its shape"):
            answers.confirm(connection, 7, 2, ANNA)
    assert shapes(desk.store) == []
    assert rows(desk.store, "SELECT who, what, why, kind, target FROM actions") == [
        ("anna", to_text(Reason(ActionCode.CONFIRM_SUCCESS)), "seen in LeadConverter", "call", "1")
    ]
    answer_of(desk, sandbox, '{"a":3}')
    assert shapes(desk.store) == []
