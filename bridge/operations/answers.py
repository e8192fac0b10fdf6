"""Answers of LeadConverter with a new shape, counted as done: asks the owner to confirm success."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from bridge.errors import BridgeError, StoreUnavailable
from bridge.model import Account, Outcome
from bridge.operations.redact_stored import Sources, of_events
from bridge.problems.facts import Question
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.call_views import TriedCall, call
from bridge.store.state import answers

SHOWN: Final = 5
"""Maximum number of questions at once. Others follow when these are answered."""
EXAMPLE: Final = 300
"""Maximum length of an example."""


def questions(
    connection: Transaction, accounts: Mapping[str, Account], sources: Sources
) -> tuple[Question, ...]:
    """The open questions, oldest first, at most `SHOWN`."""
    found = [one for one in answers.unconfirmed(connection) if _is_open(one, accounts)]
    return tuple(_question(connection, one, sources) for one in found[:SHOWN])


def questions_about(
    connection: Transaction, calls: Collection[int], accounts: Mapping[str, Account], sources: Sources
) -> dict[int, Question]:
    """The open questions about answers to these calls, by the call's number."""
    found = [one for one in answers.unconfirmed(connection) if one.call_id in calls]
    return {one.call_id: _question(connection, one, sources) for one in found if _is_open(one, accounts)}


def confirm(store: Store, call_id: int, by: Decider) -> bool:
    """Record that answers such as this call's are success; False if that was confirmed before."""
    with store.transaction() as connection:
        return answers.confirm(connection, store.now(connection), call_id, by)


def _is_open(one: answers.Unconfirmed, accounts: Mapping[str, Account]) -> bool:
    """Whether the account still has this URL and no `success:`."""
    account = accounts.get(one.shape.account)
    return account is not None and account.url == one.shape.url and account.success is None


def _question(connection: Transaction, one: answers.Unconfirmed, sources: Sources) -> Question:
    try:
        example = _example(connection, call(connection, one.call_id), sources)
    except StoreUnavailable:
        raise
    except BridgeError:
        example = ""
    return Question(one.shape.account, one.shape.text, one.call_id, example)


def _example(connection: Transaction, tried: TriedCall, sources: Sources) -> str:
    given = [attempt.answer for _, attempt in tried.attempts if attempt.outcome is Outcome.DONE]
    owed = tried.call
    hidden = of_events(connection, [(owed.event_id, owed.source)], sources)[owed.event_id]
    line = " ".join(hidden.text(given[-1] if given else "").split())
    return line if len(line) <= EXAMPLE else f"{line[: EXAMPLE - 1]}…"
