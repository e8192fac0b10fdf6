from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.errors import BridgeError
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Request, State
from bridge.operations import batches
from bridge.operations.replay import Applied, OriginalCalls, Replayer, Reread, Rules, Unreplayable
from bridge.operations.replay_many import events_that_fit, plan_all, replay_all
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit, pagination
from bridge.store.reports.event_views import EventFilter
from bridge.text.render import english
from tests.conftest import Clock
from tests.operations.given import SHOP, came, end, order, shop, states
from tests.store import given

MENDED = SHOP.replace("subscriber_id: $.subscriber", "subscriber_id: {path: $.subscriber, default: 99}")
BY = Decider("maria", "mended")


def replayer(
    mapping: MappingFile | None = None, rules: Rules = "current", *, again: bool = False
) -> Replayer:
    return Replayer({"shop": mapping} if mapping else {}, BY, rules, again)


def nobody() -> None:
    """Wakes nobody."""


def test_a_start_without_a_call_is_planned_and_gets_one(store: Store) -> None:
    came(store, order(subscriber=None))
    (planned,) = plan_all(store, replayer(shop(MENDED)), [1])
    assert states(store) == {}
    (done,) = replay_all(store, replayer(shop(MENDED)), [1], nobody)
    assert done == planned
    assert isinstance(done, Applied)
    (start,) = done.starts
    assert (start.earlier, start.owed, start.start.recipient.subscriber_id) == (None, True, 99)
    assert (done.calls, done.failed) == (1, False)
    assert states(store) == {1: State.QUEUED}


def test_a_start_with_a_call_is_planned_with_that_call(store: Store) -> None:
    came(store, order())
    end(store, "done")
    (planned,) = plan_all(store, replayer(shop()), [1])
    assert isinstance(planned, Applied)
    (start,) = planned.starts
    assert start.earlier is not None
    assert (start.earlier.id, start.earlier.state, start.owed, planned.calls) == (1, State.DONE, False, 0)
    (again,) = plan_all(store, replayer(shop(), again=True), [1])
    assert again.calls == 1


def test_a_missing_value_is_planned_as_a_failure(store: Store) -> None:
    came(store, order(subscriber=None))
    (done,) = replay_all(store, replayer(shop()), [1], nobody)
    assert isinstance(done, Applied)
    assert [(one.rule, one.key) for one in done.failures] == [("paid", "subscriber_id")]
    assert (done.calls, done.failed) == (0, True)


def test_the_stored_requests_of_unsent_calls_go_out_as_they_were(store: Store) -> None:
    came(store, order())
    end(store, "refused")
    (planned,) = plan_all(store, replayer(rules="original"), [1])
    (done,) = replay_all(store, replayer(rules="original"), [1], nobody)
    assert done == planned
    assert isinstance(done, OriginalCalls)
    assert [call.id for call in done.unsent] == [1]
    assert states(store) == {1: State.REFUSED, 2: State.QUEUED}


def test_a_webhook_that_can_be_read_now_becomes_its_events(store: Store) -> None:
    form = order(subscriber=5)
    came(store, form, shop(SHOP.replace("profile: json", "body: xml")))
    (planned,) = plan_all(store, replayer(shop()), [1])
    assert isinstance(planned, Reread)
    assert ([start.bot_id for start in planned.starts], planned.stored, planned.calls) == ([7], (), 1)
    (done,) = replay_all(store, replayer(shop()), [1], nobody)
    assert isinstance(done, Reread)
    assert (done.stored, done.calls, done.failed) == ((2,), 1, False)


def test_a_webhook_that_can_be_read_now_but_lacks_a_value_is_planned_as_it_would_fail(store: Store) -> None:
    came(store, order(subscriber=None), shop(SHOP.replace("profile: json", "body: xml")))
    (planned,) = plan_all(store, replayer(shop()), [1])
    (done,) = replay_all(store, replayer(shop()), [1], nobody)
    assert (planned.failed, planned.calls) == (done.failed, done.calls) == (True, 0)


def test_an_event_that_cannot_be_replayed_has_a_reason_and_does_not_stop_the_others(store: Store) -> None:
    came(store, order(id="a", subscriber=None))
    came(store, order(id="b"), shop(SHOP.replace("profile: json", "body: xml")))
    first, second = replay_all(store, replayer(), [1, 2], nobody)
    assert first == Unreplayable(1, Reason(ErrorCode.SOURCE_GONE, source="shop"))
    assert isinstance(second, Unreplayable)


def test_an_event_that_is_not_there_is_an_error_and_its_batch_is_not_replayed(store: Store) -> None:
    came(store, order(subscriber=None))
    with pytest.raises(BridgeError, match="there is no event 9"):
        list(replay_all(store, replayer(shop(MENDED)), [1, 9], nobody))
    assert states(store) == {}


def test_every_batch_is_committed_and_the_dispatchers_notified_before_it_is_reported(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    for number in range(5):
        came(store, order(id=f"o-{number}", subscriber=None))
    woken: list[int] = []
    wake: Callable[[], None] = lambda: woken.append(len(states(store)))  # noqa: E731
    seen = [len(states(store)) for _ in replay_all(store, replayer(shop(MENDED)), [1, 2, 3, 4, 5], wake)]
    assert seen == [2, 2, 4, 4, 5]
    assert woken == [2, 4, 5]
    with store.read() as connection:
        (action,) = audit.of(connection, "event", 5)
    assert (action.who, english(action.what), action.why) == ("maria", "replay", "mended")


def test_the_events_that_fit_are_all_of_them_oldest_first_however_far_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 3)
    for number in range(10):
        came(store, order(id=f"o-{number}", subscriber=None if number % 4 == 0 else 12))
    assert events_that_fit(store, EventFilter()) == list(range(1, 11))
    assert events_that_fit(store, EventFilter(result="failed")) == [1, 5, 9]
    assert events_that_fit(store, EventFilter(search="o-3")) == [4]
    assert events_that_fit(store, EventFilter(search='"o-')) == list(range(1, 11))
    assert events_that_fit(store, EventFilter(since=given.NOW + 1)) == []


def test_where_nothing_is_stored_no_event_fits(store: Store) -> None:
    assert events_that_fit(store, EventFilter(source="shop")) == []


def test_a_form_that_was_stored_is_still_a_form(store: Store) -> None:
    text = SHOP.replace("verify:", "body: form\nverify:").replace(
        "    when:\n", "    for_each: $.lines[*]\n    when:\n"
    )
    text = text.replace("subscriber_id: $.subscriber", "subscriber_id: $item.to")
    text = text[: text.index("tests:")]
    body = b"id=o-1&status=paid&amount=250&lines[0][to]=5&lines[1][to]=6&lines[x][to]=7"
    came(
        store,
        Request("POST", "", (("Content-Type", "application/x-www-form-urlencoded"),), body, ""),
        shop(text),
    )
    (planned,) = plan_all(store, replayer(shop(text)), [1])
    assert isinstance(planned, Applied)
    assert planned.failures == ()
    assert [(one.start.recipient.subscriber_id, one.owed) for one in planned.starts] == [
        (5, False),
        (6, False),
        (7, False),
    ]


def test_a_json_object_is_no_list_when_it_is_replayed_either(store: Store) -> None:
    text = SHOP.replace("    when:\n", "    for_each: $.lines[*]\n    when:\n")
    came(store, order(lines={"0": {"to": 5}, "1": {"to": 6}}), shop(text))
    (planned,) = plan_all(store, replayer(shop(text)), [1])
    assert isinstance(planned, Applied)
    assert [(one.rule, one.key) for one in planned.failures] == [("paid", "for_each")]


LATER = SHOP.replace("    start:", "    after: 1h\n    start:").replace(
    "variables: {", "variables: {at: $event.received_at, "
)


@pytest.mark.parametrize("original", [False, True])
def test_times_count_from_now_unless_the_original_ones_are_asked_for(
    original: bool, store: Store, clock: Clock
) -> None:
    came(store, order(subscriber=None))
    received = clock.ms
    clock.advance(9_000)
    mapping = shop(LATER.replace("subscriber_id: $.subscriber", "subscriber_id: 7"))
    one = replace(replayer(mapping), original_times=original)
    (planned,) = plan_all(store, one, [1])
    (done,) = replay_all(store, one, [1], nobody)
    assert done == planned
    assert isinstance(done, Applied)
    start = done.starts[0].start
    assert start.due_at == (received if original else clock.ms) + 3_600_000
    assert dict(start.variables)["at"] == str(received)
    assert states(store) == {1: State.QUEUED if original else State.WAITING}


SOON = SHOP.replace("    start:", "    at: $.starts_at\n    start:")


@pytest.mark.parametrize("original", [False, True])
def test_a_time_that_was_too_far_ahead_when_its_event_came_is_not_for_ever(
    original: bool, store: Store, clock: Clock
) -> None:
    came(store, order(starts_at=clock.ms // 1000 + 450 * 86_400), shop(SOON))
    assert states(store) == {}
    clock.advance(60 * 86_400)
    one = replace(replayer(shop(SOON)), original_times=original)
    (done,) = replay_all(store, one, [1], nobody)
    assert isinstance(done, Applied)
    assert (done.failed, states(store)) == ((True, {}) if original else (False, {1: State.WAITING}))
