"""Environment variables that mapping files name as `${NAME}`, and whether they are set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.language.placeholder import FILL_IN
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

NOT_SET = "not-set"
"""Value of a secret that is not set. It verifies nobody: what needs the secret is closed."""

_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
"""Characters that Python uses for bytes of the environment that are not UTF-8."""
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def named(text: str) -> str | None:
    """NAME of a text `${NAME}`; None for any other text."""
    match = _NAMED.fullmatch(text)
    return match[1] if match else None


def is_set(environment: Mapping[str, str], variable: str) -> bool:
    """Whether a variable has a value: text in UTF-8 that is not blank and not the placeholder."""
    text = environment.get(variable, "")
    return text.strip() not in ("", FILL_IN) and not _NOT_UTF_8.search(text)


def why_unset(environment: Mapping[str, str], variable: str, needed: Reason | None = None) -> Reason:
    """The reason that a variable has no value. `needed` names its purpose, if the file does not show it."""
    wrong = wrong_value(environment, variable)
    if wrong is not None:
        return Reason(MappingCode.UNSET_BECAUSE, variable=variable, why=wrong)
    if needed is not None:
        return Reason(MappingCode.UNSET_NEEDED, variable=variable, needed=needed)
    return Reason(MappingCode.UNSET, variable=variable)


def wrong_value(environment: Mapping[str, str], variable: str) -> Reason | None:
    """What is wrong with the value of a variable that counts as not set; None if it has no value."""
    text = environment.get(variable, "")
    if _NOT_UTF_8.search(text):
        return Reason(MappingCode.VALUE_NOT_UTF8)
    if text.strip():
        return Reason(MappingCode.VALUE_PLACEHOLDER, word=FILL_IN)
    file = f"{variable}_FILE"
    return Reason(MappingCode.VALUE_FILE, variable=file) if environment.get(file) else None
