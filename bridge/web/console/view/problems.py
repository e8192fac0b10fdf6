"""What is wrong now, as the console shows it: in the visitor's language, each with the one thing to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.problems.problem import Level, Problem
from bridge.web.console.view.rendering import capitalised, t, url

Tone: TypeAlias = Literal["bad", "warn", "info"]

TONES: Final[Mapping[Level, Tone]] = {"blocks": "bad", "bad": "bad", "warn": "warn", "hint": "info"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One problem in words."""

    tone: Tone
    title: str
    lines: tuple[str, ...]
    to: str
    """The page where it is seen to; empty where there is none."""
    step: str
    """The words of the way there."""
    command: str
    """What to type where there is no such page."""
    change: str
    """Where the form is sent to that ends it; empty where there is none."""
    button: str
    """The words of that change where they are others than "Resume"."""
    named: Mapping[str, str]
    """What the form for it says."""


def shown(one: Problem, *, link: bool = True) -> Shown:
    """The problem for a page; without a link on the page that it leads to."""
    place = one.place if link else None
    return Shown(
        TONES[one.level],
        capitalised(one.title),
        tuple(capitalised(line) for line in one.lines),
        url(place.page, **place.arguments) if place else "",
        t(f"overview.step.{one.kind}", **place.arguments) if place else "",
        one.command,
        url(one.change.page) if one.change else "",
        t("overview.answer.yes") if one.kind == "answer" else "",
        one.change.arguments if one.change else {},
    )
