"""The language of this process's output, and reasons as text in it."""

from __future__ import annotations

from contextvars import ContextVar

from bridge.reasons.reason import Reason
from bridge.text.catalogue import ENGLISH
from bridge.text.render import render

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def speak(language: str) -> None:
    """Set the language."""
    _language.set(language)


def said(reason: Reason | None) -> str:
    """The text of a reason. Before it goes to a terminal, pass it through `printable`."""
    return render(reason, _language.get())
