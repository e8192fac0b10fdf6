"""What paths are looked up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.model import Json


class _Absent:
    """The type of ABSENT: nothing stands at a path, which is not the same as null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Scope:
    """The roots that a path may begin with, for one event and one item of it."""

    body: Json
    headers: Mapping[str, str]
    query: Json
    event: Mapping[str, Json]
    item: Json = ABSENT
    """The element of `for_each`; absent outside of it."""
    looked_at: Callable[[int], None] | None = None
    """Counts the values that paths with wildcards and filters look at."""
