"""Values as the text that LeadConverter gets."""

from __future__ import annotations

from decimal import Decimal

from bridge.errors import BridgeError
from bridge.jsonpath.scope import ABSENT
from bridge.model import Json


class Unusable(BridgeError):
    """A value is missing, or of a kind that cannot be used where it is needed, for this event."""

    def __init__(self, message: str, path: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.path = path


def text_of(value: Json, path: str = "") -> str:
    """A scalar as text: true and false in small letters, numbers in the digits they were sent with.

    Raises Unusable, naming the path, for null, lists, maps and what is absent.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    raise Unusable(f"{path or 'the value'} {_trouble(value)}", path, _HINTS.get(type(value)))


_HINTS: dict[type, str] = {
    list: "pick one with first or last, or make a text of it with join, count or to_json",
    dict: "go deeper with the path, or make a text of it with to_json",
}


def _trouble(value: Json) -> str:
    if value is ABSENT:
        return "is absent"
    if value is None:
        return "is null"
    return f"is {'a list' if isinstance(value, list) else 'a map'}, not a single value"
