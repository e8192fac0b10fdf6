from __future__ import annotations

from bridge.model import Application, Failure, Match, Verdict
from bridge.reasons.reason import recorded
from bridge.store.db.engine import Store
from bridge.store.inbox import refusals
from bridge.store.inbox.refusals import Refusal
from bridge.store.reports import sources, trends
from bridge.store.reports.counters import HOUR_MS, PERIOD_MS
from bridge.store.reports.sources import SourceUse
from bridge.store.reports.trends import Period, Rates, RuleUse, Span
from tests.conftest import Clock
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    claim,
    delivery,
    event,
    owe,
    request,
    sale,
    settle,
    settlement,
    start,
    take_in,
)

FAILED = Application((), (Failure("sold", 0, "bot_id", "$.x", ABSENT),), (Verdict("sold", Match.FAILED),))


def chart(store: Store, clock: Clock, span: Span = Span.HOUR, source: str = "") -> tuple[Period, ...]:
    with store.read() as connection:
        return trends.over_time(connection, clock.ms, span, source)


def test_an_hour_is_twelve_stretches_a_day_hours_and_a_week_quarters_of_days(
    store: Store, clock: Clock
) -> None:
    for span, many, width in (
        (Span.HOUR, 12, PERIOD_MS),
        (Span.DAY, 24, HOUR_MS),
        (Span.WEEK, 28, 6 * HOUR_MS),
    ):
        found = chart(store, clock, span)
        assert [one.at for one in found] == [found[0].at + n * width for n in range(many)]
        assert found[-1].at <= clock.ms < found[-1].at + width


def test_each_stretch_shows_what_came_and_what_became_of_it(store: Store, clock: Clock) -> None:
    take_in(store, *(sale(f"p{n}", start(n)) for n in range(1, 6)), delivery((event("x"), FAILED)))
    one, two, three, four = claim(store, 4)
    clock.advance(300)
    take_in(store, delivery(unreadable=NOT_JSON))
    settle(
        store,
        settlement(one),
        settlement(two, "refused"),
        settlement(three, "uncertain"),
        settlement(four, "expired"),
    )
    before, after = chart(store, clock)[-2:]
    assert (before.received, before.started, before.failed, before.uncertain) == (6, 0, 1, 0)
    assert (after.received, after.started, after.failed, after.uncertain) == (1, 1, 3, 1)
    assert (before.live, after.live) == (5, 1)


def test_calls_that_were_live_before_the_first_stretch_are_shown_as_live_in_it(
    store: Store, clock: Clock
) -> None:
    owe(store, start(1), start(2))
    clock.advance(2 * 86400)
    assert {one.live for one in chart(store, clock, Span.DAY)} == {2}
    assert sum(one.received for one in chart(store, clock, Span.DAY)) == 0
    assert chart(store, clock, Span.WEEK)[0].live == 0


def test_a_chart_can_be_of_one_source(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1", start(1)), sale("c1", source="crm"), sale("c2", start(2), source="crm"))
    assert chart(store, clock, source="crm")[-1] == Period(chart(store, clock)[-1].at, received=2, live=1)
    assert chart(store, clock, source="gone")[-1].received == 0
    assert chart(store, clock)[-1].live == 2


def test_a_source_shows_its_rates_and_its_silence(store: Store, clock: Clock) -> None:
    take_in(store, sale("c1", source="crm", received_at=clock.ms))
    clock.advance(5 * 3600)
    came = clock.ms
    take_in(store, sale("p1", received_at=came))
    take_in(store, sale("c2", source="crm", received_at=came))
    refused = Refusal("odd", came, 401, "signature", recorded("it differs"), request())
    with store.transaction() as connection:
        refusals.refuse(connection, came, [refused, refused])
    clock.advance(90)
    with store.read() as connection:
        found = {one.source: one for one in sources.in_use(connection, clock.ms)}
    assert list(found) == ["crm", "odd", "shop"]
    assert found["crm"].received == Rates(hour=1, day=2, week=2)
    assert found["odd"].refused == Rates(2, 2, 2)
    assert (found["odd"].last_at, found["odd"].silence(clock.ms)) == (None, None)
    assert found["shop"] == SourceUse("shop", found["shop"].last_at, Rates(1, 1, 1), Rates())


def test_silence_counts_from_the_newest_event() -> None:
    one = SourceUse("shop", 1000, Rates(), Rates())
    assert (one.silence(5000), one.silence(900)) == (4000, 0)


def test_rules_show_hits_failures_and_the_last_match(store: Store, clock: Clock) -> None:
    first = clock.ms
    take_in(store, sale("p1", start(1)), sale("c1", start(2, rule="lead"), source="crm"))
    clock.advance(8 * 86400)
    take_in(store, sale("p2", start(3)), sale("p3", start(4)), delivery((event("x"), FAILED)))
    with store.read() as connection:
        found = trends.rules(connection, clock.ms)
        of_crm = trends.rules(connection, clock.ms, "crm")
    assert found == {
        ("shop", "sold"): RuleUse(hits=3, failed=1, last=clock.ms),
        ("crm", "lead"): RuleUse(hits=0, failed=0, last=first),
    }
    assert of_crm == {("crm", "lead"): RuleUse(hits=0, failed=0, last=first)}


def test_totals_count_each_kind(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", start(1)), delivery((event("x", "crm"), FAILED)))
    clock.advance(2 * HOUR_MS // 1000)
    take_in(store, delivery((event("y"), FAILED)))
    with store.read() as connection:
        found = trends.totals(connection, clock.ms)
    assert found["event:failed"] == Rates(1, 2, 2)
    assert found["event:matched"] == Rates(0, 1, 1)
    assert "call:done" not in found
