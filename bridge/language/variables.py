"""`${NAME}`: the variables of the environment that mapping files name, and when one counts as set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.language.placeholder import FILL_IN

NOT_SET = "not-set"
"""What a secret reads as that is not set. It proves nothing: what needs such a secret is closed."""

_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
"""What Python puts in place of a byte of the environment that is not UTF-8."""
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def named(text: str) -> str | None:
    """NAME of a text `${NAME}`; None for any other."""
    match = _NAMED.fullmatch(text)
    return match[1] if match else None


def is_set(environment: Mapping[str, str], variable: str) -> bool:
    """Whether a variable has a value: text in UTF-8, no blanks, and no placeholder."""
    text = environment.get(variable, "")
    return text.strip() not in ("", FILL_IN) and not _NOT_UTF_8.search(text)


def why_unset(environment: Mapping[str, str], variable: str, needed: str = "") -> str:
    """What to say of a variable without a value; `needed` says what for, where the file does not."""
    wrong = wrong_value(environment, variable)
    return f"environment variable {variable} is not set{f': {wrong}' if wrong else needed}"


def wrong_value(environment: Mapping[str, str], variable: str) -> str:
    """What is wrong with the value of a variable that does not count as set; empty if there is none."""
    text = environment.get(variable, "")
    if _NOT_UTF_8.search(text):
        return "its value is not UTF-8; set it again in a UTF-8 terminal, or put it into .env"
    if text.strip():
        return f"it is {FILL_IN}, a placeholder"
    return (
        f"{variable}_FILE names no readable file with a value" if environment.get(f"{variable}_FILE") else ""
    )
