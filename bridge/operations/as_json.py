"""Converts stored records to JSON for `--json`. The keys are documented and do not change."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.mapping.author.explain import verdict_reason
from bridge.model import Account, Attempt, Call, Json, State
from bridge.operations.request_preview import outgoing
from bridge.operations.story import Story
from bridge.operations.times import iso, iso_or_none
from bridge.operations.waiting import due_text
from bridge.store.db.tables import FOR_EVER
from bridge.store.inbox.refusals import KeptRefusal
from bridge.store.reports.audit import Action
from bridge.store.reports.call_views import TriedCall
from bridge.store.reports.cancellations import Cancelled
from bridge.store.reports.event_views import EventLine
from bridge.store.reports.repeat_views import KeptRepeat
from bridge.text.render import english


def event_record(line: EventLine) -> dict[str, Json]:
    """One event of a list."""
    return {
        "id": line.id,
        "source": line.source,
        "key": line.key,
        "type": line.type,
        "received_at": iso(line.received_at),
        "result": line.result,
        "verified": english(line.verified),
        "client": line.client,
        "error": english(line.error),
        "calls": [{"id": number, "state": state.value} for number, state in line.calls],
        "repeats": line.repeats,
    }


def call_record(call: Call) -> dict[str, Json]:
    """One call of a list."""
    start = call.start
    return {
        "id": call.id,
        "event": call.event_id,
        "source": call.source,
        "rule": start.rule,
        "item": start.item,
        "account": start.account,
        "recipient": start.recipient.key,
        "bot_id": start.bot_id,
        "variables": dict(start.variables),
        "forced": start.forced,
        "state": call.state.value,
        "reason": english(call.reason),
        "cause": call.cause or None,
        "attempt": call.attempt,
        "answered": call.answered,
        "resends": call.resends,
        "parent": call.parent or None,
        "created_at": iso(call.created_at),
        "due": due_text(call),
        "zone": start.zone or None,
        "late": start.late,
        "key": start.errand.key if start.errand else None,
        "again": start.errand.again if start.errand else None,
        "next_try_at": iso_or_none(call.due_at) if call.state is State.QUEUED else None,
        "expires_at": None if call.expires_at == FOR_EVER else iso_or_none(call.expires_at),
    }


def refusal_record(kept: KeptRefusal) -> dict[str, Json]:
    """One rejected webhook."""
    refusal = kept.refusal
    return {
        "id": kept.id,
        "source": refusal.source,
        "received_at": iso(refusal.received_at),
        "status": refusal.status,
        "code": refusal.code,
        "detail": english(refusal.detail),
        "client": refusal.request.client,
        "method": refusal.request.method,
        "body_size": kept.body_size,
    }


def repeat_record(one: KeptRepeat) -> dict[str, Json]:
    """One repeat of a known event."""
    return {
        "id": one.id,
        "event": one.event_id,
        "number": one.number,
        "source": one.source,
        "received_at": iso(one.received_at),
        "client": one.client,
        "verified": english(one.verified),
        "difference": one.difference,
        "rules_version": one.rules_version,
        "body_size": one.body_size,
        "taken_as": one.taken_as or None,
    }


def story_record(story: Story, accounts: Mapping[str, Account]) -> dict[str, Json]:
    """One event with its calls, attempts, actions and repeats."""
    stored = story.stored
    return {
        **event_record(stored.line),
        "rules_version": stored.rules_version,
        "document": stored.event.document if stored.event else None,
        "rules_untold": stored.omitted,
        "rules": [
            {
                "rule": one.rule,
                "match": one.match.value,
                "condition": one.condition,
                "code": one.code,
                "found": one.found,
                "line": one.line,
                "why": english(verdict_reason(one, stored.event)),
            }
            for one in stored.verdicts
        ],
        "failures": [
            {"rule": one.rule, "item": one.item, "key": one.key, "path": one.path, "message": one.message}
            for one in stored.failures
        ],
        "calls": [_tried(one, accounts.get(one.call.start.account)) for one in story.calls],
        "cancels": [_cancelled(one) for one in story.cancels],
        "actions": [_action(one) for one in story.actions],
        "repeated": [repeat_record(one) for one in story.repeats],
    }


def _tried(one: TriedCall, account: Account | None) -> dict[str, Json]:
    return {
        **call_record(one.call),
        "sent_at": iso_or_none(one.sent_at),
        "settled_at": iso_or_none(one.settled_at),
        "request": outgoing(one.call.start, account, one.call.id).as_json(),
        "attempts": [_attempt(number, attempt) for number, attempt in one.attempts],
        "actions": [_action(action) for action in one.actions],
        "cancelled_by": [
            {"event": cancel.event_id, "effect": affected.effect.value, "at": iso(cancel.at)}
            for cancel in one.cancels
            for affected in cancel.effects
            if affected.call_id == one.call.id
        ],
    }


def _cancelled(one: Cancelled) -> dict[str, Json]:
    what = one.cancellation
    return {
        "rule": what.rule,
        "item": what.item,
        "account": what.account,
        "key": what.key,
        "shadow": what.shadow,
        "at": iso(one.at),
        "until": iso(one.until) if what.lasts else None,
        "effects": [{"call": call, "effect": effect.value} for call, effect in one.effects],
    }


def _attempt(number: int, attempt: Attempt) -> dict[str, Json]:
    return {
        "number": number,
        "started_at": iso(attempt.started_at),
        "ended_at": iso(attempt.ended_at),
        "outcome": attempt.outcome.value,
        "reason": english(attempt.reason),
        "cause": attempt.cause or None,
        "phase": attempt.phase,
        "status": attempt.status,
        "content_type": attempt.content_type,
        "answer": attempt.answer,
    }


def _action(action: Action) -> dict[str, Json]:
    return {"at": iso(action.at), "who": action.who, "what": english(action.what), "why": english(action.why)}
