"""Functions that count and calculate with exact decimals, as money requires. Limits keep them fast."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal

from bridge.jsonpath.exact_numbers import Number
from bridge.language.functions.base import Arguments, Function, Step, always, quote, unless_blank
from bridge.language.schema import NUMBER, Key, Plain
from bridge.language.text import Unusable
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

MAX_DIGITS = 30
"""Maximum number of digits before and after the decimal point."""

_EXACT = Context(prec=4 * MAX_DIGITS + 2)
"""Precise enough that adding and multiplying two numbers within the limits never rounds."""

_QUOTIENT_PLACES = 12
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_BLANKS = re.compile("[\\s'\u00a0\u2009\u202f]")
_GROUPED = re.compile(r"[+-]?[0-9][0-9.,]*")
_COMMA, _POINT = '{number: ","}', '{number: "."}'
_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


def decimal_of(value: Json) -> Decimal | None:
    """The number of a value, or of its text; None if it is not a number. Long texts are rejected as slow."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, str) and len(value) <= 4 * MAX_DIGITS and _PLAIN.fullmatch(value):
        return Decimal(value)
    return None


def figure(value: Json) -> Decimal:
    """The number for a calculation, within the limits. Raises Unusable."""
    number = decimal_of(value.strip() if isinstance(value, str) else value)
    if number is None:
        raise Unusable(Reason(RuleCode.NOT_NUMBER, found=quote(value)))
    return _checked(number)


def plain_number(number: Decimal) -> Json:
    """The number as a document has it: whole numbers as int, others without an exponent."""
    text = format(number, "f")
    return Number(text) if "." in text else int(text)


def _checked(number: Decimal) -> Decimal:
    if not number.is_finite() or number.adjusted() >= MAX_DIGITS or _places(number) > MAX_DIGITS:
        raise Unusable(Reason(RuleCode.NUMBER_TOO_LONG, found=quote(number), most=MAX_DIGITS))
    return number


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


def _shortest(number: Decimal) -> Decimal:
    """The number without zeros at the end of the fraction."""
    return number.quantize(Decimal(1), context=_EXACT) if number == int(number) else number.normalize(_EXACT)


def _calculation(calculate: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Arguments], Step]:
    """Return a builder of a step that calculates with the value and the argument."""

    def build(arguments: Arguments) -> Step:
        try:
            operand = figure(arguments.main)
        except Unusable as unusable:
            raise arguments.unfit(arguments.function, unusable.reason) from unusable
        if arguments.function == "divide" and not operand:
            raise arguments.unfit("divide", Reason(FindingCode.NUMBER_BUT_ZERO))

        def step(value: Json) -> Json:
            return plain_number(_checked(calculate(figure(value), operand)))

        return unless_blank(step)

    return build


def _product(left: Decimal, right: Decimal) -> Decimal:
    return _shortest(_EXACT.multiply(left, right))


def _quotient(left: Decimal, right: Decimal) -> Decimal:
    exact = _EXACT.divide(left, right)
    return _shortest(exact.quantize(Decimal(1).scaleb(-_QUOTIENT_PLACES), ROUND_HALF_UP, _EXACT))


def _int(value: Json) -> Json:
    number = figure(value)
    if number != int(number):
        raise Unusable(Reason(RuleCode.NOT_WHOLE, found=quote(value)))
    return int(number)


def _number(arguments: Arguments) -> Step:
    sign = arguments.main

    def step(value: Json) -> Json:
        number = _checked(_parsed(value, sign)) if isinstance(value, str) else figure(value)
        return plain_number(number) if isinstance(value, str) else value

    return unless_blank(step)


def _parsed(text: str, sign: str | None) -> Decimal:
    """The number in a text as people write it: "1 990,00", "1,990.00". `sign` is the decimal sign."""
    bare = _BLANKS.sub("", text)
    if len(bare) > 4 * MAX_DIGITS or not _GROUPED.fullmatch(bare):
        raise Unusable(Reason(RuleCode.NOT_NUMBER, found=quote(text)))
    sign = sign or _decimal_sign(bare, text)
    grouping = "," if sign == "." else "."
    spelled = bare.replace(grouping, "").replace(sign, ".")
    if spelled.count(".") > 1:
        raise Unusable(Reason(RuleCode.NOT_NUMBER, found=quote(text)))
    return Decimal(spelled)


def _decimal_sign(bare: str, text: str) -> str:
    point, comma = bare.rfind("."), bare.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    if bare.count(",") > 1:
        return "."
    if bare.count(".") > 1:
        return ","
    if comma >= 0 and re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", bare):
        raise Unusable(Reason(RuleCode.AMBIGUOUS_NUMBER, found=quote(text), comma=_COMMA, point=_POINT))
    return "," if comma >= 0 else "."


def _round(arguments: Arguments) -> Step:
    places = arguments.main or 0
    if places > _QUOTIENT_PLACES:
        reason = Reason(FindingCode.TOO_MANY_PLACES, limit=_QUOTIENT_PLACES, places=places)
        raise arguments.unfit("round", reason)
    unit = Decimal(1).scaleb(-places)
    mode = _MODES[arguments["mode"]]

    def step(value: Json) -> Json:
        return plain_number(figure(value).quantize(unit, mode, _EXACT))

    return unless_blank(step)


def _sum(value: Json) -> Json:
    total = Decimal(0)
    for element in value if isinstance(value, list) else (value,):
        if element is not None and element != "":
            total = _checked(_EXACT.add(total, figure(element)))
    return plain_number(total)


def _count(value: Json) -> int:
    return len(value) if isinstance(value, list | dict) else 1


_ROUNDING = Key("mode", Plain("text", tuple(_MODES)), "how to round a half; up by default", default="half_up")

FIGURES = (
    Function("int", "makes a whole number; rejects a fraction", always(unless_blank(_int))),
    Function(
        "number",
        'reads a number as people write it, "1 990,00"; the argument is its decimal sign',
        _number,
        argument=Plain("text", (",", ".")),
    ),
    Function(
        "round",
        "rounds to this number of decimal places, 0 by default",
        _round,
        argument=Plain("integer", at_least=0),
        options=(_ROUNDING,),
    ),
    Function(
        "multiply", "multiplies by the argument, exactly", _calculation(_product), NUMBER, required=True
    ),
    Function(
        "divide",
        "divides by the argument, to 12 decimal places",
        _calculation(_quotient),
        NUMBER,
        required=True,
    ),
    Function("add", "adds the argument, exactly", _calculation(_EXACT.add), NUMBER, required=True),
    Function("sum", "adds up a list of numbers; 0 for an empty one", always(_sum), whole=True),
    Function(
        "count", "counts the values that a path finds, or the elements of a list", always(_count), whole=True
    ),
)
