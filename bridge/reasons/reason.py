"""Why something is as it is: a code and parameters. `stored` has the JSON form, `bridge.text` the words."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias, Union


class Code(StrEnum):
    """What a reason says. The value is the key of its text in every catalogue: `area.name`.

    Each area has its own enumeration, a subclass of this one, in this package.
    """


class GeneralCode(Code):
    """Reasons that are used in all areas."""

    RECORDED = "general.recorded"
    """A sentence stored by a version without codes, or a code of a newer version: `text`."""
    WITH_HINT = "general.with_hint"
    """`message`, and what to do about it: `hint`."""
    VERBATIM = "general.verbatim"
    """What a file, a library or the system says, as it is: `text`."""
    NUMBER = "general.number"
    """`count`, with its digits grouped as the language does; any other number is shown as it is."""
    DAYS = "general.days"
    HOURS = "general.hours"
    MINUTES = "general.minutes"
    SECONDS = "general.seconds"
    MILLISECONDS = "general.milliseconds"


class Reason:
    """A judgement: its code, and the values that its text shows.

    A value is a text from outside, a number, another reason, a tuple of these, or None, which shows
    nothing. Two reasons are equal when code and values are.
    """

    __slots__ = ("code", "params")

    code: Code
    params: dict[str, Param]

    def __init__(self, code: Code, /, **params: Param) -> None:
        self.code = code
        self.params = params

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and (self.code, self.params) == (other.code, other.params)

    def __hash__(self) -> int:
        return hash((self.code, frozenset(self.params.items())))

    def __repr__(self) -> str:
        values = "".join(f", {name}={value!r}" for name, value in self.params.items())
        return f"Reason({self.code.value!r}{values})"


Param: TypeAlias = Union[str, int, Reason, "tuple[Param, ...]", None]


def recorded(text: str) -> Reason:
    """A stored sentence without a code, such as older versions stored. Shown in quotation marks."""
    return Reason(GeneralCode.RECORDED, text=text)
