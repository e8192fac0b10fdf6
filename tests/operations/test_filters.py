from __future__ import annotations

import pytest

from bridge.errors import UsageError
from bridge.model import State
from bridge.operations.filters import AskedCalls, AskedEvents
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter

NOW = 1_778_423_283_412


def test_fields_become_a_filter_at_a_time() -> None:
    events = AskedEvents(source="shop", type="paid", result="failed", since="1m", search="o-1")
    assert events.at(NOW) == EventFilter("shop", "paid", "failed", NOW - 60_000, None, "o-1")
    calls = AskedCalls(("done", "uncertain"), rule="sold", event=3, until="1h")
    states = (State.DONE, State.UNCERTAIN)
    assert calls.at(NOW) == CallFilter(rule="sold", states=states, event_id=3, until=NOW - 3_600_000)


def test_an_empty_filter_matches_everything() -> None:
    assert AskedEvents().at(NOW) == EventFilter()
    assert AskedCalls().at(NOW) == CallFilter()


@pytest.mark.parametrize(
    ("asked", "sign", "message"),
    [
        (AskedEvents(since="soon"), "", 'since is "soon", expected a time span or a time'),
        (AskedEvents(until="soon"), "--", '--until is "soon", expected a time span or a time'),
        (AskedCalls(since="soon"), "--", '--since is "soon", expected a time span or a time'),
        (AskedCalls(("uncertian",)), "", 'state is "uncertian"; did you mean "uncertain"?'),
    ],
)
def test_a_field_that_cannot_be_parsed_is_named_as_the_user_knows_it(
    asked: AskedEvents | AskedCalls, sign: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        asked.at(NOW, sign)
    assert caught.value.message == message
