"""Choosing values in a webhook that came: each becomes recipient, variable or condition of a first rule."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request

from bridge.errors import BridgeError, UsageError
from bridge.mapping.rules.ids import whole_id
from bridge.model import Event, Json, Request
from bridge.operations.authoring.draft import Draft, draft, events_in
from bridge.operations.authoring.mapping_folder import FolderFile, file_called
from bridge.operations.authoring.pick_values import (
    ROLES,
    Choice,
    Chosen,
    Role,
    candidates,
    inferred_choices,
    outline_rule,
)
from bridge.operations.authoring.stored_payload import request_of
from bridge.operations.redact_stored import of_event
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.reports import event_views
from bridge.web.console.pages.connect import download, loaded, profile_in, put, replaceable
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.rendering import done, render, said, t, url
from bridge.web.console.view.tree import Node, tree
from bridge.webhook.redaction.redact import Redaction
from bridge.webhook.source import same_event

MOST = 300
"""Values of a webhook that are offered."""
TYPED = ("bot_id", "subscriber_id", "channel_id")
"""What a person may type where the webhook does not have it."""
PEOPLE: tuple[Role, ...] = ("subscriber_id", "user_id")


class Mistyped(UsageError):
    """A field with something that is no id."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(Reason(ErrorCode.WHOLE_NUMBER_WRONG, name=field, found=text))
        self.field, self.text = field, text


@dataclass(frozen=True, slots=True)
class Came:
    """A webhook of a source, as a draft of that source reads it."""

    source: str
    number: int
    request: Request
    event: Event
    """Its secrets hidden."""
    hidden: Redaction
    file: FolderFile | None
    profile: str | None


def register(console: Console) -> None:
    """The choosing, its result, and taking that into use."""
    console.page("choose", "/connect/to/<source>/choose/<int:number>", choose, place="connect")
    console.change("choose_draft", "/connect/to/<source>/choose/<int:number>", drafted, place="connect")
    console.change("choose_save", "/connect/to/<source>/choose/<int:number>/save", save_, place="connect")


def choose(console: Console, source: str, number: int) -> Answer:
    """Every value of the webhook, with a first guess of what it is to be."""
    came = _came(console, source, number)
    return _form(came, inferred_choices(came.event), {})


def drafted(console: Console, source: str, number: int) -> Answer:
    """The mapping file that the choices make, or why they make none; or one of its files."""
    came, do = _came(console, source, number), request.form.get("do")
    try:
        chosen = _chosen(came)
        lacking = outline_rule(chosen).unknown
        made = _draft(console, came, chosen)
    except Mistyped as error:
        return _form(came, _choices(), {error.field: t("connect.no_number", text=error.text)})
    except BridgeError as error:
        return _form(came, _choices(), {"": said(error.whole)})
    if lacking and do != "file":
        return _form(came, _choices(), {key: t(f"connect.lacking.{key}") for key in lacking})
    if do == "file":
        return download(f"{source}.yml", made.text.encode())
    if do == "sample" and made.sample is not None:
        return download(made.sample_name.rpartition("/")[2], made.sample)
    return render(
        "connect/draft", source=source, number=number, made=made, chosen=chosen,
        typed={key: request.form.get(key, "").strip() for key in TYPED},
        sample=(made.sample or b"").decode("utf-8", "replace"), file=came.file,
        may_replace=replaceable(console, came.file, source), editable=console.side.settings.console_edit,
    )  # fmt: skip


def save_(console: Console, source: str, number: int) -> Answer:
    """Put mapping file and sample in their place."""
    came = _came(console, source, number)
    if not replaceable(console, came.file, source):
        reason = Reason(ErrorCode.SOURCE_HAS_FILE, source=source)
        raise BridgeError(reason, Reason(ErrorCode.ADD_IN_PLAYGROUND))
    made = _draft(console, came, _chosen(came))
    beside = {made.sample_name: made.sample} if made.sample is not None else {}
    put(console, source, made.text.encode(), loaded(came.file), beside)
    return done(url("connect_watch", source=source), "connect.drafted", file=f"{source}.yml")


def _came(console: Console, source: str, number: int) -> Came:
    side = console.side
    with side.store.read() as connection:
        stored = event_views.event(connection, number)
        if stored.line.source != source:
            abort(404)
        webhook = request_of(connection, number)
    file = file_called(side.settings, side.mapping_loader.latest, source)
    profile = profile_in(file.text) if file else None
    events = console.offload(lambda: events_in(side.settings, source, profile, webhook))
    event = (stored.event and same_event(stored.event, events)) or events[0]
    hidden = of_event(stored, side.mapping_loader.current.sources)
    return Came(source, number, webhook, hidden.event(event), hidden, file, profile)


def _draft(console: Console, came: Came, chosen: Chosen) -> Draft:
    settings = console.side.settings
    secrets = came.hidden.values
    return console.offload(
        lambda: draft(settings, came.source, came.profile, came.request, chosen, secrets=secrets)
    )


def _form(came: Came, choices: tuple[Choice, ...], problems: dict[str, str]) -> Answer:
    """The choosing, with what is wrong at its field; the key "" is no field's."""
    seen = came.event
    kind = Node("type", "$event.type", "text", seen.type)
    values = [kind, *_leaves(tree(seen.document, most=MOST))]
    if isinstance(seen.query, dict):
        values += _leaves(tree(seen.query, "$query", most=MOST))
    roles = {choice.role for choice in choices}
    people = {one.path for one in candidates(came.event)}
    return render(
        "connect/choose", source=came.source, number=came.number, values=values,
        picked={choice.path: choice for choice in choices}, roles=ROLES, problems=problems,
        typed={key: request.form.get(key, "").strip() for key in TYPED},
        people=[(one.path, f"{one.path}: {one.text}") for one in values if one.path in people],
        nobody=not roles & set(PEOPLE), channelless="user_id" in roles and "channel_id" not in roles,
    )  # fmt: skip


def _leaves(node: Node) -> list[Node]:
    if not node.branch:
        return [node]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _chosen(came: Came) -> Chosen:
    """What the form says; raises UsageError where a typed value cannot be."""
    form, fixed = request.form, list[tuple[Role, Json]]()
    bot, person, channel = (form.get(key, "").strip() for key in TYPED)
    if person:
        fixed.append(("subscriber_id", _number(person, "subscriber_id")))
    if channel:
        fixed.append(("channel_id", channel))
    return Chosen(came.event, _choices(), _number(bot, "bot_id") if bot else None, tuple(fixed))


def _number(text: str, field: str) -> int:
    try:
        return whole_id(text)
    except BridgeError as error:
        raise Mistyped(field, text) from error


def _choices() -> tuple[Choice, ...]:
    """Those of the form: of each value its path, its role and perhaps its name; and who was picked last."""
    roles: dict[str, Role] = {role: role for role in ROLES}
    form = request.form
    rows = zip(form.getlist("path"), form.getlist("role"), form.getlist("name"), strict=False)
    made = tuple(Choice(path, roles[role], name.strip()) for path, role, name in rows if role in roles)
    person = form.get("person", "")
    return (*made, Choice(person, "subscriber_id")) if person else made
