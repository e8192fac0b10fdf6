"""Reads stored webhooks, to try them or to draft a mapping file."""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.model import Event, Request
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import event_views


def request_of(connection: Transaction, number: int) -> Request:
    """The stored webhook of an event; raises BridgeError."""
    request = event_views.event(connection, number).request
    if request is None:
        raise _gone(number)
    return request


def payload_of(connection: Transaction, number: int) -> Request | Event:
    """The stored webhook of an event, or the event if only the webhook is purged; raises BridgeError."""
    stored = event_views.event(connection, number)
    payload = stored.request or stored.event
    if payload is None:
        raise _gone(number)
    return payload


def _gone(number: int) -> BridgeError:
    return BridgeError(Reason(ErrorCode.WEBHOOK_PURGED, number=number), Reason(ErrorCode.CHOOSE_NEWER))
