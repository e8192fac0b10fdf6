"""Verdicts at rest: those of a large rule set know how many rules they leave out."""

from __future__ import annotations

from bridge.model import Application, Match, Verdict
from bridge.store.db.engine import Store
from bridge.store.inbox import replays
from bridge.store.reports import event_views
from tests.store.given import NOW, delivery, event, start, take_in

TOLD = (Verdict("sold", Match.MATCHED, line=3), Verdict("gift", Match.UNMATCHED, "$.a: b", "case", "B", 7))
RULES = frozenset({"sold", "gift", "lost", "won", "old"})


def test_how_many_rules_have_no_verdict_is_stored_with_those_that_have(store: Store) -> None:
    take_in(store, delivery((event(), Application((), (), TOLD, RULES))))
    take_in(store, delivery((event("2"), Application((), (), (), RULES))))
    take_in(store, delivery((event("3"), Application((), (), TOLD))))
    with store.read() as connection:
        found = [event_views.event(connection, number) for number in (1, 2, 3)]
    assert [(one.verdicts, one.omitted) for one in found] == [(TOLD, 3), ((), 5), (TOLD, 0)]
    assert [one.line.result for one in found] == ["matched", "unmatched", "matched"]


def test_a_replay_knows_a_rule_that_has_no_verdict_for_one_that_is_still_there(store: Store) -> None:
    """Its earlier call is its own then, and not that of the rule that now starts the same bot."""
    take_in(store, delivery((event(), Application((start(rule="sold"),), (), TOLD))))
    other = start(rule="won")
    with store.transaction() as connection:
        (among_many,) = replays.plan(connection, NOW, 1, "shop", Application((other,), (), (), RULES))
        (renamed,) = replays.plan(connection, NOW, 1, "shop", Application((other,), (), (), RULES - {"sold"}))
    assert (among_many.earlier, among_many.owed) == (None, True)
    assert renamed.earlier is not None
    assert not renamed.owed
