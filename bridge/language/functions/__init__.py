"""The functions of a `pipe:`, by name. Each converts one value to another."""

from __future__ import annotations

from bridge.language.functions.base import Function, Many, Step
from bridge.language.functions.choices import CHOICES
from bridge.language.functions.codecs import CODECS
from bridge.language.functions.dates import DATES
from bridge.language.functions.figures import FIGURES
from bridge.language.functions.lists import LISTS
from bridge.language.functions.patterns import PATTERNS
from bridge.language.functions.phones import PHONES
from bridge.language.functions.texts import TEXTS

__all__ = ["FUNCTIONS", "Function", "Many", "Step"]

_ALL = (*TEXTS, *FIGURES, *LISTS, *CHOICES, *PATTERNS, *DATES, *PHONES, *CODECS)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _ALL}
"""Every function by name."""
