from __future__ import annotations

import pytest

from bridge.errors import BridgeError
from bridge.model import Outcome, State
from bridge.operations.story import read_call, read_story
from bridge.store.db.engine import Store
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.text.render import english
from tests.conftest import Clock
from tests.operations.given import came, end, order
from tests.store import given
from tests.store.given import later, sale, start, take_in

BY = Decider("maria", "asked for it")


def test_a_call_has_its_event_attempts_and_actions(store: Store) -> None:
    came(store, order())
    end(store, "uncertain", shown=given.attempt(Outcome.UNCERTAIN, reason="no answer"))
    with store.transaction() as connection:
        decisions.resolve(connection, given.NOW, 1, "done", BY)
    story = read_call(store, 1)
    assert (story.event.key, story.tried.call.state, story.again) == ("o-1", State.DONE, ())
    assert [(number, english(one.reason)) for number, one in story.tried.attempts] == [(1, "no answer")]
    assert [(one.who, english(one.what)) for one in story.tried.actions] == [("maria", "resolve as done")]
    assert story.now == given.NOW


def test_a_call_has_the_calls_that_repeat_it(store: Store) -> None:
    came(store, order())
    end(store, "refused")
    with store.transaction() as connection:
        decisions.send_again(connection, given.NOW, 1, BY)
    assert [(one.id, one.parent) for one in read_call(store, 1).again] == [(2, 1)]
    assert read_call(store, 2).again == ()
    assert not read_story(store, 1).final


def test_an_unknown_call_is_an_error(store: Store) -> None:
    with pytest.raises(BridgeError, match="there is no call 1"):
        read_call(store, 1)


def test_a_call_that_is_not_due_soon_changes_nothing_soon(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1", later(after=3600)))
    assert (read_story(store, 1).final, read_story(store, 1).changes_soon) == (False, False)
    clock.advance(3540)
    assert read_story(store, 1).changes_soon
    with store.transaction() as connection:
        decisions.cancel(connection, clock.ms, 1, Decider("anna"))
    assert not read_story(store, 1).changes_soon
    take_in(store, sale("p2", start()))
    assert read_story(store, 2).changes_soon
