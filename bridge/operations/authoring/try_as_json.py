"""Converts the result of trying a payload to JSON for `leadbridge try --json`. The keys do not change."""

from __future__ import annotations

from bridge.mapping.author.explain import verdict_reason
from bridge.mapping.rules.due import shown_due
from bridge.model import BotStart, Json, Verdict
from bridge.operations.authoring.try_payload import Tried
from bridge.operations.request_preview import Shown
from bridge.text.render import english


def tried_record(tried: Tried) -> dict[str, Json]:
    """One event of the payload."""
    event, made = tried.event, tried.application
    return {
        "source": event.source,
        "file": tried.mapping.path,
        "id": event.id,
        "type": event.type,
        "document": event.document,
        "note": english(event.note),
        "ping": tried.ping,
        "rules": [_rule(tried, verdict) for verdict in tried.verdicts],
        "failures": [
            {"rule": one.rule, "item": one.item, "key": one.key, "path": one.path, "message": one.message}
            for one in made.failures
        ],
        "calls": [_call(start, shown, event.received_at) for start, shown in tried.calls],
        "cancels": [
            {"rule": one.rule, "item": one.item, "account": one.account, "key": one.key, "for": one.lasts}
            for one in made.cancels
        ],
    }


def _rule(tried: Tried, verdict: Verdict) -> dict[str, Json]:
    evaluation = tried.evaluations.get(verdict.rule)
    conditions = evaluation.conditions if evaluation else ()
    return {
        "rule": verdict.rule,
        "line": verdict.line,
        "match": verdict.match.value,
        "nearness": tried.nearness(verdict),
        "why": english(verdict_reason(verdict, tried.event)),
        "conditions": [
            {"condition": one.condition, "line": one.line, "holds": one.holds, "why": english(one.reason)}
            for one in conditions
        ],
    }


def _call(start: BotStart, shown: Shown, received_at: int) -> dict[str, Json]:
    errand = start.errand
    return {
        "rule": start.rule,
        "item": start.item,
        "account": start.account,
        "recipient": start.recipient.key,
        "bot_id": start.bot_id,
        "variables": dict(start.variables),
        "forced": start.forced,
        "shadow": start.shadow,
        "due": shown_due(start.due_at, start.zone) if start.due_at else None,
        "zone": start.zone or None,
        "late": start.late,
        "skipped": start.is_skipped(received_at),
        "key": errand.key if errand else None,
        "again": errand.again if errand else None,
        "at_most": errand.at_most if errand else None,
        **shown.as_json(),
    }
