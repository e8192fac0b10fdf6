"""Checks parameters against the documentation of `bot.startWithVariables`. Pure.

This may be stricter than LeadConverter: an undocumented parameter, or both forms of recipient at once,
is answered 422, so that mistakes show in tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bridge.sandbox.parameters import Tree

Errors: TypeAlias = dict[str, list[str]]

KNOWN = ("subscriber_id", "user_id", "channel_id", "bot_id", "variable", "forced")
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,18})")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Start:
    """A valid request: which bot to start for whom."""

    subscriber_id: int | None
    user_id: str | None
    channel_id: str | None
    bot_id: int
    forced: bool


def check(values: Tree) -> Start | Errors:
    """The start that the parameters ask for, or the errors by parameter."""
    given = {name: _trimmed(value) for name, value in values.items()}
    errors: Errors = {}
    _check_names(given, errors)
    _check_recipient(given, errors)
    _check_variables(given.get("variable"), errors)
    bot_id = _integer(given, "bot_id", errors)
    forced = _forced(given, errors)
    if errors:
        return errors
    subscriber_id = given.get("subscriber_id")
    number = None if subscriber_id is None else int(subscriber_id)
    return Start(number, given.get("user_id"), given.get("channel_id"), bot_id, forced)


def _trimmed(value: Any) -> Any:
    """As Laravel's middleware does it: blanks are stripped, and an empty string becomes null."""
    return value.strip() or None if isinstance(value, str) else value


def _check_names(given: Mapping[str, Any], errors: Errors) -> None:
    for name in given:
        if name not in KNOWN:
            errors[name] = [f"{name} is not a parameter; expected one of {', '.join(KNOWN)}"]


def _check_recipient(given: Mapping[str, Any], errors: Errors) -> None:
    messenger = [name for name in ("user_id", "channel_id") if given.get(name) is not None]
    if given.get("subscriber_id") is None:
        _check_messenger(given, messenger, errors)
    elif messenger:
        errors["subscriber_id"] = [f"expected subscriber_id or {messenger[0]}, found both"]
    else:
        _integer(given, "subscriber_id", errors)


def _check_messenger(given: Mapping[str, Any], messenger: list[str], errors: Errors) -> None:
    if not messenger:
        errors["subscriber_id"] = ["subscriber_id is required, or user_id with channel_id"]
        return
    for name in ("user_id", "channel_id"):
        if name not in messenger:
            errors[name] = [f"{name} is required with {messenger[0]}"]
        elif not isinstance(given[name], str):
            errors[name] = [f"{name} must be a text, found {_shown(given[name])}"]


def _check_variables(variables: Any, errors: Errors) -> None:
    if variables is None or variables == []:
        return
    if not isinstance(variables, dict):
        errors["variable"] = [
            f"variable must be an array such as variable[name]=value, found {_shown(variables)}"
        ]
        return
    for name, value in variables.items():
        if isinstance(value, dict | list):
            errors[f"variable.{name}"] = [f"variable[{name}] must be a single value, found {_shown(value)}"]


def _integer(given: Mapping[str, Any], name: str, errors: Errors) -> int:
    value = given.get(name)
    if value is None:
        errors[name] = [f"{name} is required"]
        return 0
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _INTEGER.fullmatch(text) or not 0 < int(text) < 2**63:
        errors[name] = [f"{name} must be a positive whole number, found {_shown(value)}"]
        return 0
    return int(text)


def _forced(given: Mapping[str, Any], errors: Errors) -> bool:
    value = given.get("forced")
    if value is None:
        return False
    spelling = str(value).lower() if isinstance(value, bool | int) else value
    if not isinstance(spelling, str) or spelling not in _FLAGS:
        errors["forced"] = [f"forced must be true, 1, false or 0, found {_shown(value)}"]
        return False
    return _FLAGS[spelling]


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an array"
    return f'"{value[:60]}"' if isinstance(value, str) else str(value)
