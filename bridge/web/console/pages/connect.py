"""Connect a source: choose what sends, learn what to enter there, and watch the first webhook arrive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, g, request

from bridge.errors import UsageError
from bridge.language.variables import is_set
from bridge.model import Finding
from bridge.operations.authoring.draft import check_names
from bridge.operations.authoring.draft_text import head_text
from bridge.operations.authoring.mapping_folder import FolderFile, file_called
from bridge.operations.authoring.save import EditedFile, check_edit, digest, save
from bridge.operations.redact_stored import shown_lines, shown_refusals
from bridge.store.inbox import refusals
from bridge.store.inbox.refusals import KeptRefusal
from bridge.store.queue.decisions import Decider
from bridge.store.reports import event_views
from bridge.store.reports.event_views import EventFilter, EventLine
from bridge.store.reports.pagination import Page
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.lists import asked
from bridge.web.console.view.rendering import done, render, render_live, said, url
from bridge.webhook.profiles import Profile, load_profiles

SEEN = 10
"""Webhooks that are watched, the newest."""
_HOOK = re.compile(r"https://YOUR-HOST/hooks/[\w-]+")
_ENV = re.compile(r"\$\{(\w+)\}")
_PROFILE = re.compile(r"(?m)^profile:\s*([\w-]+)")


@dataclass(frozen=True, slots=True)
class Begun:
    """A source as its first mapping file has it: no rules yet, so that its webhooks are taken in and kept."""

    source: str
    profile: Profile
    text: str
    file: FolderFile | None
    """The file that exists already."""


def register(console: Console) -> None:
    """The steps in their order."""
    console.place("connect", "/connect", connect, icon="plug")
    console.page("connect_new", "/connect/new", new, place="connect")
    console.page("connect_file", "/connect/new/file", file_, place="connect")
    console.change("connect_save", "/connect/new/save", save_, place="connect")
    console.page("connect_watch", "/connect/to/<source>", watch, place="connect")
    console.page("connect_now", "/connect/to/<source>/now", now, place="connect")


def connect(console: Console) -> Answer:
    """What may send: every profile, or those that hold the searched words."""
    search = asked("search") or ""
    found = [one for one in load_profiles().values() if _fits(one, search.casefold().split())]
    sources = sorted(console.side.mapping_loader.current.sources)
    return render("connect", profiles=found, search=search, sources=sources)


def new(console: Console) -> Answer:
    """One profile: name the source, and see what is to be entered where."""
    name = asked("profile") or ""
    if name not in load_profiles():
        abort(404)
    source, problem = asked("source") or "", ""
    try:
        begun = begin(console, source, name) if source else None
    except UsageError as error:
        begun, problem = None, said(error.whole)
    profile = load_profiles()[name]
    steps = _steps(console, profile, source) if begun else {}
    return render("connect/new", profile=profile, source=source, problem=problem, begun=begun, **steps)


def file_(console: Console) -> Answer:
    """The first mapping file, to be put into the folder by hand."""
    begun = begin(console, asked("source") or "", asked("profile") or "")
    return download(f"{begun.source}.yml", begun.text.encode())


def save_(console: Console) -> Answer:
    """The first mapping file, put into the folder."""
    begun = begin(console, request.form.get("source", ""), request.form.get("profile", ""))
    put(console, begun.source, begun.text.encode(), "", {})
    return done(url("connect_watch", source=begun.source), "connect.saved", file=f"{begun.source}.yml")


def watch(console: Console, source: str) -> Answer:
    """What arrives, live."""
    return render("connect/watch", **_seen(console, source))


def now(console: Console, source: str) -> Answer:
    """What changes while one looks."""
    return render_live("connect/now", **_seen(console, source))


def begin(console: Console, source: str, profile: str) -> Begun:
    """A source of this name and profile; raises UsageError where one of them cannot be."""
    check_names(source, profile)
    file = file_called(console.side.settings, console.side.mapping_loader.latest, f"{source}.yml")
    known = file_called(console.side.settings, console.side.mapping_loader.latest, source)
    text = head(console, source, profile)
    return Begun(source, load_profiles()[profile], text, known or file)


def head(console: Console, source: str, profile: str) -> str:
    """The first mapping file of a source."""
    return head_text(source, profile, public=bool(console.side.settings.public_url))


def put(console: Console, source: str, text: bytes, loaded: str, beside: dict[str, bytes]) -> None:
    """Save the source's mapping file, and take it into use; raises BridgeError where that cannot be."""
    side = console.side
    path = str(Path(side.settings.mappings) / f"{source}.yml")
    edited = EditedFile(path, text, loaded, beside)
    console.offload(lambda: check_edit(side.settings, side.mapping_loader, edited))
    save(side.store, edited, Decider(g.visitor.who))
    console.offload(side.mapping_loader.refresh)


def download(name: str, data: bytes) -> Response:
    """Bytes as a file of this name."""
    answer: Response = current_app.response_class(data, mimetype="application/octet-stream")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def profile_in(text: bytes) -> str | None:
    """The profile that a mapping file names; None where that is none of ours."""
    found = _PROFILE.search(text.decode("utf-8", "replace"))
    return found[1] if found and found[1] in load_profiles() else None


def replaceable(console: Console, file: FolderFile | None, source: str) -> bool:
    """Whether a draft may take the file's place: there is none, or it is as `begin` made it."""
    if file is None:
        return True
    profile = profile_in(file.text)
    return profile is not None and file.text.decode("utf-8", "replace") == head(console, source, profile)


def loaded(file: FolderFile | None) -> str:
    """The digest that tells whether the file is still what it was."""
    return digest(file.text) if file else ""


def _fits(profile: Profile, words: list[str]) -> bool:
    said = f"{profile.name} {profile.title} {profile.about['summary']}".casefold()
    return all(word in said for word in words)


def _steps(console: Console, profile: Profile, source: str) -> dict[str, Any]:
    """What is to be entered at the vendor, with this bridge's address and the source's name."""
    settings = console.side.settings
    base = settings.public_url or request.host_url.rstrip("/")
    hook = f"{base}/hooks/{source}"
    setup = [_HOOK.sub(hook, line) for line in profile.about["setup"]]
    known = settings.reread() if settings.reread else settings.environment
    secrets = [(name, is_set(known, name)) for name in _ENV.findall(head(console, source, profile.name))]
    return {
        "hook": hook,
        "setup": setup,
        "secrets": secrets,
        "public": bool(settings.public_url),
        "with_token": any(f"{hook}/TOKEN" in line for line in setup),
        "editable": settings.console_edit,
    }


def _seen(console: Console, source: str) -> dict[str, Any]:
    side = console.side
    file = file_called(side.settings, side.mapping_loader.latest, source)
    file = file or file_called(side.settings, side.mapping_loader.latest, f"{source}.yml")
    mapping = side.mapping_loader.current.sources.get(source)
    with side.store.read() as connection:
        events = event_views.page_of_events(connection, EventFilter(source=source), Page(None, SEEN)).items
        refused = refusals.recent(connection, source, SEEN)
        sources = side.mapping_loader.current.sources
        events, refused = shown_lines(connection, events, sources), shown_refusals(refused, sources)
    arrived: list[tuple[int, EventLine | None, KeptRefusal | None]] = [
        *((one.received_at, one, None) for one in events),
        *((one.refusal.received_at, None, one) for one in refused),
    ]
    arrived.sort(key=lambda one: one[0], reverse=True)
    errors: list[Finding] = [one for one in side.mapping_loader.latest.findings if one.is_error]
    return {
        "source": source,
        "file": file,
        "known": mapping is not None,
        "rules": len(mapping.rules) if mapping else 0,
        "arrived": arrived[:SEEN],
        "errors": sorted(errors, key=attrgetter("path", "line")),
        "trouble": side.mapping_loader.trouble,
        "hook": f"{side.settings.public_url or request.host_url.rstrip('/')}/hooks/{source}",
    }
