"""Choosing values in a webhook that came: each becomes recipient, variable or condition of a first rule."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request

from bridge.desk.choosing import ROLES, Choice, Chosen, Role, guessed
from bridge.desk.drafting import Draft, draft, events_in
from bridge.desk.shelf import Shelved, file_called
from bridge.desk.stored import request_of
from bridge.errors import BridgeError, UsageError
from bridge.mapping.ids import whole_id
from bridge.model import Event, Request
from bridge.store import event_views
from bridge.web.console.pages.connect import download, loaded, profile_in, put, replaceable
from bridge.web.console.proof import veiled
from bridge.web.console.registry import Answer, Console
from bridge.web.console.rendering import done, render, url
from bridge.web.console.tree import Node, tree

MOST = 300
"""Values of a webhook that are offered."""


@dataclass(frozen=True, slots=True)
class Came:
    """A webhook of a source, as a draft of that source reads it."""

    source: str
    number: int
    request: Request
    event: Event
    file: Shelved | None
    profile: str | None


def register(console: Console) -> None:
    """The choosing, its result, and taking that into use."""
    console.page("choose", "/connect/to/<source>/choose/<int:number>", choose, place="connect")
    console.change("choose_draft", "/connect/to/<source>/choose/<int:number>", drafted, place="connect")
    console.change("choose_save", "/connect/to/<source>/choose/<int:number>/save", save_, place="connect")


def choose(console: Console, source: str, number: int) -> Answer:
    """Every value of the webhook, with a first guess of what it is to be."""
    came = _came(console, source, number)
    return _form(console, came, guessed(came.event), "", "")


def drafted(console: Console, source: str, number: int) -> Answer:
    """The mapping file that the choices make, or why they make none; or one of its files."""
    came = _came(console, source, number)
    bot = request.form.get("bot_id", "").strip()
    try:
        chosen = _chosen(came, bot)
        made = _draft(console, came, chosen)
    except BridgeError as error:
        problem = f"{error.message}; {error.hint}" if error.hint else error.message
        return _form(console, came, _choices(), bot, problem)
    if request.form.get("do") == "file":
        return download(f"{source}.yml", made.text.encode())
    if request.form.get("do") == "sample" and made.sample is not None:
        return download(made.sample_name.rpartition("/")[2], made.sample)
    return render(
        "connect/draft", source=source, number=number, made=made, chosen=chosen, bot=bot,
        sample=(made.sample or b"").decode("utf-8", "replace"), may_replace=replaceable(came.file, source),
        file=came.file, editable=console.side.settings.console_edit,
    )  # fmt: skip


def save_(console: Console, source: str, number: int) -> Answer:
    """Put mapping file and sample in their place."""
    came = _came(console, source, number)
    if not replaceable(came.file, source):
        raise BridgeError(f"{source} has a mapping file of its own", "add the rule to it in the playground")
    made = _draft(console, came, _chosen(came, request.form.get("bot_id", "").strip()))
    beside = {made.sample_name: made.sample} if made.sample is not None else {}
    put(console, source, made.text.encode(), loaded(came.file), beside)
    return done(url("connect_watch", source=source), "connect.drafted", file=f"{source}.yml")


def _came(console: Console, source: str, number: int) -> Came:
    side = console.side
    with side.store.read() as connection:
        line = event_views.event(connection, number).line
        if line.source != source:
            abort(404)
        webhook = request_of(connection, number)
    file = file_called(side.settings, side.rulebook.latest, source)
    profile = profile_in(file.text) if file else None
    events = console.aside(lambda: events_in(side.settings, source, profile, webhook))
    event = next((one for one in events if one.id == line.key), events[0])
    return Came(source, number, webhook, event, file, profile)


def _draft(console: Console, came: Came, chosen: Chosen) -> Draft:
    settings = console.side.settings
    return console.aside(lambda: draft(settings, came.source, came.profile, came.request, chosen))


def _form(console: Console, came: Came, choices: tuple[Choice, ...], bot: str, problem: str) -> Answer:
    picked = {choice.path: choice for choice in choices}
    mapping = console.side.rulebook.current.sources.get(came.source)
    seen = veiled(came.event, [mapping.source.check.words] if mapping else [])
    kind = Node("type", "$event.type", "text", seen.type)
    values = [kind, *_leaves(tree(seen.document, most=MOST))]
    if isinstance(seen.query, dict):
        values += _leaves(tree(seen.query, "$query", most=MOST))
    return render(
        "connect/choose", source=came.source, number=came.number, values=values, picked=picked,
        roles=ROLES, bot=bot, problem=problem,
    )  # fmt: skip


def _leaves(node: Node) -> list[Node]:
    if not node.branch:
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _chosen(came: Came, bot: str) -> Chosen:
    if not bot:
        return Chosen(came.event, _choices())
    try:
        return Chosen(came.event, _choices(), whole_id(bot))
    except BridgeError as error:
        raise UsageError(f"the bot's id is {bot}, expected a whole number") from error


def _choices() -> tuple[Choice, ...]:
    """Those of the form: of each value its path, its role and perhaps its name."""
    roles: dict[str, Role] = {role: role for role in ROLES}
    form = request.form
    rows = zip(form.getlist("path"), form.getlist("role"), form.getlist("name"), strict=False)
    return tuple(Choice(path, roles[role], name.strip()) for path, role, name in rows if role in roles)
