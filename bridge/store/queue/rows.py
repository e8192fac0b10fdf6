"""Converts calls and their requests between rows and values."""

from __future__ import annotations

import json
from typing import Any, cast

from bridge.frozen import frozen
from bridge.model import BotStart, Call, OnUncertain, Order, Recipient, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text, to_text
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import FOR_EVER
from bridge.store.db.texts import document_text, plain

_DECODE = json.JSONDecoder().decode
_SHADOW = to_text(Reason(CallCode.SHADOW))


@frozen
class NewCall:
    """A call to be added; `parent` is the call that it repeats, 0 for none."""

    event_id: int
    source: str
    start: BotStart
    parent: int = 0


def first_state(*, shadow: bool) -> State:
    """The state of a new call."""
    return State.CANCELLED if shadow else State.QUEUED


def call_row(number: int, now: int, new: NewCall) -> tuple[Any, ...]:
    """The row of a new call, in the order of the table's columns."""
    start = new.start
    state = first_state(shadow=start.shadow)
    reason, settled = (_SHADOW, now) if start.shadow else ("", 0)
    identity = (number, new.event_id, new.source, plain(start.rule), start.item, new.parent)
    request = (start.account, start.recipient.key, request_text(start), start.order, start.on_uncertain or "")
    state_columns = (state.value, 0, 0, 0, False, "")
    times = (now, now, now + start.expires * 1000, 0, 0, settled)
    hold = (0 if start.order == "none" else FOR_EVER, 0, 0)
    return (*identity, *request, *state_columns, *times, *hold, reason, "")


def request_text(start: BotStart) -> str:
    """The rendered request as JSON. Retries send exactly this; nothing is rendered again."""
    to = start.recipient
    return document_text(
        {
            "bot_id": start.bot_id,
            "subscriber_id": to.subscriber_id,
            "user_id": to.user_id,
            "channel_id": to.channel_id,
            "variables": start.variables,
            "forced": start.forced,
            "expires": start.expires,
            "shadow": start.shadow,
        }
    )


def bot_prefix(bot: int) -> str:
    """The beginning of the requests of a bot, as `request_text` writes them."""
    return f"{document_text({'bot_id': bot}).removesuffix('}')},"


def start_of(row: AnyRow) -> BotStart:
    """The bot start that a row of `calls` holds."""
    request = _DECODE(row.request)
    return BotStart(
        rule=row.rule,
        item=row.item,
        account=row.account,
        recipient=Recipient(request["subscriber_id"], request["user_id"], request["channel_id"]),
        bot_id=request["bot_id"],
        variables=tuple((name, value) for name, value in request["variables"]),
        forced=request["forced"],
        order=cast(Order, row.order_mode),
        on_uncertain=cast(OnUncertain, row.on_uncertain) if row.on_uncertain else None,
        expires=request["expires"],
        shadow=request["shadow"],
    )


def call_of(row: AnyRow) -> Call:
    """The call that a row of `calls` holds."""
    return Call(
        id=row.id,
        event_id=row.event_id,
        source=row.source,
        start=start_of(row),
        state=State(row.state),
        attempt=row.attempt,
        answered=row.answered,
        resends=row.resends,
        parent=row.parent,
        owner=row.owner,
        created_at=row.created_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        lease_until=row.lease_until,
        reason=from_text(row.reason),
        had_uncertain=bool(row.had_uncertain),
        cause=row.cause,
    )
