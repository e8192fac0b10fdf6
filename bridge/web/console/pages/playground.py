"""Playground: a payload and a mapping file, and what becomes of it as one types. Nothing is sent."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Response, current_app, g, request
from werkzeug.exceptions import Forbidden

from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import from_json
from bridge.mapping.author.backtest import Backtest
from bridge.mapping.author.explain import verdict_reason
from bridge.model import Event, Finding, Json
from bridge.operations.authoring import backtest
from bridge.operations.authoring.backtest import Sides
from bridge.operations.authoring.save import ChangedOnDisk, EditedFile, InvalidMappings, check_edit, save
from bridge.operations.authoring.test import RanTests, run_tests, sample_reader
from bridge.operations.authoring.try_payload import Trial, trial
from bridge.operations.redact import shown as redacted
from bridge.operations.redact import shown_tests
from bridge.operations.redact_stored import shown_backtest
from bridge.store.queue.decisions import Decider
from bridge.store.reports.event_views import EventFilter
from bridge.web.console import playground_form
from bridge.web.console.playground_form import PlaygroundForm
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.rendering import done, render, said, t, url
from bridge.web.console.view.tree import Node, tree

EVENTS = 1_000
"""Of the past that a change is held against."""
_SOURCE = re.compile(r"""(?m)^source:\s*["']?([A-Za-z0-9][A-Za-z0-9_-]{0,63})""")
_TREE = 1_000
"""Nodes of a payload that are shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the page shows about the form's content."""

    trial: Trial
    tests: RanTests | None
    """What the text's own tests show; None where it has errors."""
    trees: tuple[Node, ...]
    """The payload from each of its roots; of a batch its first event."""
    trouble: str = ""
    """Why the payload cannot be tried."""
    past: Backtest | None = None
    broken: tuple[Finding, ...] = ()
    """Errors for which the text was not saved."""
    moved: tuple[str, ...] = ()
    """What differs from the file on disk, for which it was not saved."""
    fault: str = ""
    """Another reason for which it was not saved."""
    most: int = 10
    """Events of one webhook that are told."""


def register(console: Console) -> None:
    """The page, its form without and with a script, and saving."""
    console.place("playground", "/playground", playground, icon="flask")
    console.change("playground_check", "/playground", check, place="playground")
    console.change("playground_try", "/playground/try", try_, place="playground")
    console.change("playground_save", "/playground/save", save_, place="playground")
    console.harmless |= {"playground_check", "playground_try"}


def playground(console: Console) -> Answer:
    """As a link begins it."""
    form = playground_form.from_address(console)
    return _page(console, form, _tried(console, form))


def check(console: Console) -> Answer:
    """What the form asks for by its button: to check, to look into the past, or the text as a file."""
    form = playground_form.from_form()
    if request.form.get("do") == "download":
        return _download(form, source_in(form.text))
    return _page(console, form, _asked(console, form))


def try_(console: Console) -> Answer:
    """The answer alone, for the script."""
    form = playground_form.from_form()
    return render("playground/answer", shown=_asked(console, form), form=form, verdict_reason=verdict_reason)


def save_(console: Console) -> Answer:
    """Put the text in its place, or say why not and keep it on the page."""
    form = playground_form.from_form()
    side = console.side
    path = playground_form.path_of(console, form, source_in(form.text))
    edited = EditedFile(path, form.text.encode(), form.loaded, {})
    try:
        console.offload(lambda: check_edit(side.settings, side.mapping_loader, edited))
        save(side.store, edited, Decider(g.visitor.who))
    except InvalidMappings as error:
        return _page(console, form, replace(_tried(console, form), broken=error.findings), 409)
    except ChangedOnDisk as error:
        moved = replace(_tried(console, form), moved=error.difference or ("",))
        return _page(console, replace(form, loaded=error.digest), moved, 409)
    except BridgeError as error:
        return _page(console, form, replace(_tried(console, form), fault=said(error.whole)), 409)
    console.offload(side.mapping_loader.refresh)
    name = str(Path(path).relative_to(side.settings.mappings))
    again = url("playground", file=name, event=form.event or None)
    return done(again, "playground.saved", file=name)


def source_in(text: str) -> str:
    """The source that a text is about, even where it has errors."""
    found = _SOURCE.search(text)
    return found[1] if found else "new"


def _page(console: Console, form: PlaygroundForm, shown: Shown, status: int = 200) -> Response:
    settings = console.side.settings
    known = source_in(form.text)
    return render(
        "playground", status, form=form, shown=shown, choices=_choices(console, form, known),
        verdict_reason=verdict_reason, editable=settings.console_edit, most=EVENTS,
    )  # fmt: skip


def _choices(console: Console, form: PlaygroundForm, source: str) -> list[tuple[str, str]]:
    """Payloads to choose from: a pasted one, or a newest event of the source."""
    events = playground_form.recent(console, source)
    known = [(str(one.id), f"{one.id} · {one.type or one.key}"[:80]) for one in events]
    if form.event and str(form.event) not in dict(known):
        known.insert(0, (str(form.event), str(form.event)))
    return [("", t("playground.pasted")), *known]


def _download(form: PlaygroundForm, source: str) -> Response:
    name = Path(form.file).name or f"{source}.yml"
    answer: Response = current_app.response_class(form.text.encode(), mimetype="application/yaml")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _asked(console: Console, form: PlaygroundForm) -> Shown:
    shown = _tried(console, form)
    mapping = shown.trial.mapping
    if request.form.get("do") != "past" or mapping is None:
        return shown
    if not g.visitor.may_edit:
        # Conditions could ask stored events for their secrets, letter by letter.
        raise Forbidden("read")
    sides = Sides({mapping.source.name: mapping}, console.side.mapping_loader.current.sources)
    store, sources = console.side.store, console.side.mapping_loader.current.sources
    found = backtest.run(store, EventFilter(), EVENTS, sides)
    with store.read() as connection:
        return replace(shown, past=shown_backtest(connection, found, sources))


def _tried(console: Console, form: PlaygroundForm) -> Shown:
    """The payload through the text; what is wrong with either of them is told."""
    trouble, payload = "", None
    try:
        payload = form.payload(console)
    except BridgeError as error:
        trouble = said(error.whole)
    settings, now = console.side.settings, int(time.time() * 1000)

    def work() -> tuple[Trial, RanTests | None]:
        path = playground_form.path_of(console, form, source_in(form.text))
        tried = trial(settings, path, form.text.encode("utf-8", "replace"), payload, now)
        return tried, run_tests(tried.mapping, sample_reader(path)) if tried.mapping else None

    found, tests = console.offload(work)
    found = redacted(form.hidden(console, payload, found.mapping), found)
    event = found.tried[0].event if found.tried else form.as_it_was(console)
    return Shown(found, tests and shown_tests(tests), _trees(event) if event else _bare(form), trouble)


def _trees(event: Event) -> tuple[Node, ...]:
    about = {"id": event.id, "type": event.type, "source": event.source, "received_at": event.received_at}
    roots: dict[str, Json] = {"$event": about, "$query": event.query, "$headers": dict(event.headers)}
    others = (tree(document, root) for root, document in roots.items() if document)
    return (tree(event.document, most=_TREE), *others)


def _bare(form: PlaygroundForm) -> tuple[Node, ...]:
    """The pasted body, as far as it is JSON, while no source can read it."""
    try:
        return (tree(from_json(form.body), most=_TREE),) if form.body.strip() else ()
    except (ValueError, BridgeError):
        return ()
