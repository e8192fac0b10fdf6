"""A decorator for the values that are made for every webhook or call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(made: type[Class]) -> type[Class]:
    """A frozen dataclass, of which only mypy checks that nobody changes it.

    Python's own check makes `__init__` take four times as long: each field is set by a call.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)
