"""The language that this process speaks to who typed the command."""

from __future__ import annotations

from contextvars import ContextVar

from bridge.reasons.reason import Reason
from bridge.text.catalogue import ENGLISH
from bridge.text.render import render

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def speak(language: str) -> None:
    """From now on, in this language."""
    _language.set(language)


def said(reason: Reason | str | None) -> str:
    """The reason in words; for a terminal they still go through `printable`."""
    return render(reason, _language.get())
