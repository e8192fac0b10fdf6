"""A way past every page of the console; each stored thing is the first of its kind."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

PAGES = {
    "overview": "/",
    "overview_now": "/overview/now",
    "events": "/events",
    "events_now": "/events/now",
    "events_file": "/events.csv",
    "refusals": "/refusals",
    "refusal": "/refusals/1",
    "repeats": "/repeats",
    "repeat": "/repeats/1",
    "event": "/events/1",
    "event_now": "/events/1/now",
    "event_replay": "/events/1/replay",
    "replay": "/replay?result=matched",
    "calls": "/calls",
    "calls_file": "/calls.csv",
    "calls_bulk": "/calls/decide?choice=cancel&state=queued",
    "call": "/calls/1",
    "recipient": "/recipients/subscriber:778899",
    "rules": "/rules",
    "rules_of": "/rules/yookassa",
    "playground": "/playground?source=yookassa&event=1",
    "connect": "/connect",
    "connect_new": "/connect/new?profile=amocrm&source=crm",
    "connect_file": "/connect/new/file?profile=amocrm&source=crm",
    "connect_watch": "/connect/to/yookassa",
    "connect_now": "/connect/to/yookassa/now",
    "choose": "/connect/to/yookassa/choose/1",
    "audit": "/audit",
    "login": "/login",
    "nowhere": "/nowhere",
}
"""By the name that each is registered under."""

FILES = frozenset({"events_file", "calls_file", "connect_file"})
PARTS = frozenset({"overview_now", "events_now", "event_now", "connect_now"})
"""What scripts fetch to put it into a page."""
WHOLE = {name: path for name, path in PAGES.items() if name not in FILES | PARTS}
"""What a person looks at."""
OPEN = frozenset({"login", "nowhere"})
"""For those who are not logged in, too."""

_FILLED = {
    "number": 1,
    "source": "yookassa",
    "label": "yookassa",
    "key": "subscriber:778899",
    "path": "nowhere",
}


def views(app: Flask) -> Iterator[str]:
    """Every view that shows something."""
    yield from (_name(rule) for rule in _rules(app) if "GET" in (rule.methods or ()))


def changes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every view that changes something, and where a form for it is sent to."""
    adapter = app.url_map.bind("localhost")
    for rule in _rules(app):
        if "POST" in (rule.methods or ()) and _name(rule) != "nowhere":
            values = {name: _FILLED[name] for name in rule.arguments}
            path: str = adapter.build(rule.endpoint, values, method="POST")
            yield _name(rule), path.removeprefix("/console")


def _rules(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and rule.endpoint != "console.static":
            yield rule


def _name(rule: Rule) -> str:
    return str(rule.endpoint).removeprefix("console.")
