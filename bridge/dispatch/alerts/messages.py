"""An alert in words: a message for people, a document for programs, variables for a bot. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bridge.dispatch.http.token_redaction import storable
from bridge.model import ALERT_SOURCE, AlertStart, BotStart, Json
from bridge.reasons.alerts import AlertCode
from bridge.reasons.reason import Reason
from bridge.store.state.alerts import Pending
from bridge.text.render import render

KINDS: Final[Mapping[str, tuple[AlertCode, str]]] = {
    "uncertain": (AlertCode.UNCERTAIN, "calls --state uncertain"),
    "refused": (AlertCode.REFUSED, "calls --state refused"),
    "paused": (AlertCode.PAUSED, "doctor"),
    "failing": (AlertCode.FAILING, "events --result failed"),
    "unreadable": (AlertCode.UNREADABLE, "events --result unreadable"),
    "ambiguous": (AlertCode.AMBIGUOUS, "events --repeats"),
    "silent": (AlertCode.SILENT, "events"),
}
"""How many things of a kind there are, and the command that shows them."""


def moment(ms: int) -> str:
    """`2026-05-10T14:27:54Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def message(one: Pending) -> Reason:
    """For people."""
    kind, command = KINDS[one.kind]
    return Reason(
        AlertCode.ALERT,
        what=Reason(kind, count=one.many),
        last=Reason(AlertCode.LAST, since=moment(one.since)) if one.many > 1 else None,
        detail=one.detail,
        command=command,
    )


def document(one: Pending, now: int, language: str) -> Json:
    """What is posted. `text` alone is what Slack, Mattermost and Telegram show."""
    return {
        "text": _words(message(one), language),
        "alert": one.kind,
        "count": one.many,
        "since": moment(one.since),
        "at": moment(now),
        "detail": _words(one.detail, language),
    }


def _words(reason: Reason | None, language: str) -> str:
    """A stored reason may hold half a surrogate pair, which neither a request nor a database takes."""
    return storable(render(reason, language))


def bot_start(one: Pending, start: AlertStart, language: str) -> BotStart:
    """The start of the owner's bot. It may wait a day, and other calls to the owner do not delay it."""
    variables = {
        "alert": one.kind,
        "count": str(one.many),
        "since": moment(one.since),
        "text": _words(message(one), language),
    }
    return BotStart(
        rule=f"{ALERT_SOURCE}: {one.kind}",
        item=0,
        account=start.account,
        recipient=start.recipient,
        bot_id=start.bot_id,
        variables=tuple(variables.items()),
        forced=True,
        order="none",
    )
