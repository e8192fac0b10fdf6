"""What a page of the console is registered with, and what it finds when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from flask import Blueprint, Response, g

from bridge.assemble.web import WebSide
from bridge.web.console.offload import Offload

Answer: TypeAlias = str | Response
View: TypeAlias = Callable[..., Answer]
"""Takes the console, then what the path names."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation; its words are `common.nav.NAME`."""

    name: str
    icon: str


class Console:
    """The console under construction, and later what its views look at."""

    def __init__(self, side: WebSide, blueprint: Blueprint) -> None:
        self.side = side
        self.places: list[Place] = []
        self.open = {"static"}
        """Views for those who are not logged in."""
        self.harmless: set[str] = set()
        """Changes that one who may only look can make, too: those to their own session, and mere trying."""
        self.offload = Offload()
        self._blueprint = blueprint

    def place(self, name: str, path: str, view: View, icon: str) -> None:
        """A page of the navigation: `url("name")` leads there."""
        self.places.append(Place(name, icon))
        self.page(name, path, view, place=name)

    def page(self, name: str, path: str, view: View, *, place: str) -> None:
        """A page that only shows something; `place` is the entry of the navigation that it belongs to."""
        self._add(name, path, view, place, "GET")

    def change(self, name: str, path: str, view: View, *, place: str = "") -> None:
        """Where a form is sent to that changes something: for those who may, with the form's token."""
        self._add(name, path, view, place, "POST")

    def _add(self, name: str, path: str, view: View, place: str, method: str) -> None:
        shown: Callable[..., Answer] = partial(_shown, self, view, place)
        self._blueprint.add_url_rule(path, name, shown, methods=[method])


def _shown(console: Console, view: View, place: str, **asked: Any) -> Answer:
    g.place = place
    return view(console, **asked)
