"""An alert in words: a sentence for people, a document for programs, variables for a bot. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from bridge.model import ALERT_SOURCE, AlertStart, BotStart, Json
from bridge.store.state.alerts import Pending


class Words(NamedTuple):
    """How a kind of alert is told: of one thing, of several, and what to do."""

    one: str
    several: str
    advice: str


WORDS: Final[Mapping[str, Words]] = {
    "uncertain": Words(
        "call may or may not have run", "calls may or may not have run", "calls --state uncertain"
    ),
    "refused": Words(
        "call ended without a bot started", "calls ended without a bot started", "calls --state refused"
    ),
    "paused": Words("account is paused", "accounts are paused", "resume"),
    "failing": Words(
        "event matched a rule that then failed",
        "events matched rules that then failed",
        "events --result failed",
    ),
    "unreadable": Words(
        "webhook could not be read", "webhooks could not be read", "events --result unreadable"
    ),
    "ambiguous": Words(
        "source has an id that does not tell its events apart",
        "sources have an id that does not tell their events apart",
        "events --repeats",
    ),
    "silent": Words("source has fallen silent", "sources have fallen silent", "events"),
}


def moment(ms: int) -> str:
    """`2026-05-10T14:27:54Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sentence(one: Pending) -> str:
    """For people."""
    words = WORDS[one.kind]
    what = words.one if one.many == 1 else words.several
    last = f"the last since {moment(one.since)}: " if one.many > 1 else ""
    return f"{one.many} {what}; {last}{one.detail}. See: leadbridge {words.advice}"


def document(one: Pending, now: int) -> Json:
    """What is posted. `text` alone is what Slack, Mattermost and Telegram show."""
    return {
        "text": sentence(one),
        "alert": one.kind,
        "count": one.many,
        "since": moment(one.since),
        "at": moment(now),
        "detail": one.detail,
    }


def bot_start(one: Pending, start: AlertStart) -> BotStart:
    """The start of the owner's bot: for a day, and past whatever else waits for them."""
    variables = {
        "alert": one.kind,
        "count": str(one.many),
        "since": moment(one.since),
        "text": sentence(one),
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
