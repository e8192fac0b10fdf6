"""The data in which paths are looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bridge.frozen import frozen
from bridge.model import Json


class _Absent:
    """The type of ABSENT: a path has no value, which is different from null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


@frozen
class Scope:
    """The roots that a path may begin with, for one event and one item of it."""

    body: Json
    headers: Mapping[str, str]
    query: Json
    event: Mapping[str, Json]
    item: Json = ABSENT
    """The element of `for_each`; ABSENT outside of it."""
    looked_at: Callable[[int], None] | None = None
    """Called with the number of values that a path with wildcards or filters visits."""
    counts_from: int = 0
    """Unix milliseconds from which due times count; 0: from the event's receipt."""
