"""`leadbridge run --demo`: send a sample webhook over HTTP and print what happened to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import shlex
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from bridge.commands.access import accounts_if_readable
from bridge.commands.show.language import said
from bridge.commands.show.output import printable, say, screen_of
from bridge.commands.show.story import story_lines
from bridge.errors import BridgeError
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Request
from bridge.operations.authoring.mapping_files import compile_named
from bridge.operations.story import find_story
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.engine import open_store

SOURCE = "yookassa"
SAMPLE = "samples/yookassa-paid.json"
PATIENCE = 15.0
"""Seconds to wait for the call to be final."""

_TYPE = "application/json"
_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """A made-up payment of YooKassa."""

    mapping: MappingFile
    document: dict[str, Any]

    def body(self, payment: str) -> str:
        """The webhook's body for a payment of this id."""
        return json.dumps(
            {**self.document, "object": {**self.document["object"], "id": payment}}, ensure_ascii=False
        )

    def key(self, body: str) -> str:
        """The id that the bridge gives the event."""
        headers = (("Content-Type", _TYPE),)
        (event,) = self.mapping.source.events(Request("POST", "", headers, body.encode(), ""), 0)
        return event.id


def show_demo(settings: Settings, url: str) -> None:
    """Send the sample to the running bridge and print its history, or an error and what to do about it."""
    try:
        sample = _sample(settings)
        body = sample.body(str(uuid.uuid4()))
        click.echo(f"\n{said(Reason(CommandCode.DEMO_PAYMENT, url=f'{url}/hooks/{SOURCE}'))}")
        _send(url, body)
        for line in _story(settings, sample.key(body)):
            click.echo(line)
    except BridgeError as error:
        say(printable(said(Reason(CommandCode.NO_DEMO, why=error.reason))))
        if error.cure:
            say(printable(said(error.cure)))
        return
    click.echo(f"\n{said(Reason(CommandCode.DEMO_MORE))}\n\n{curl(sample, url)}\n")


def curl(sample: Sample, url: str) -> str:
    """A command for a POSIX shell; the payment's id is the time, so that each run is a new payment."""
    marker = "PAYMENT-ID"
    quoted = shlex.quote(sample.body(marker)).replace(marker, "try-'$(date +%s)'")
    return f"curl -H 'Content-Type: {_TYPE}' {url}/hooks/{SOURCE} -d {quoted}"


def _sample(settings: Settings) -> Sample:
    mapping = compile_named(settings, []).sources.get(SOURCE)
    if mapping is None:
        raise BridgeError(
            Reason(ErrorCode.DEMO_WITHOUT_SOURCE, folder=settings.mappings, source=SOURCE),
            Reason(ErrorCode.POST_YOUR_OWN),
        )
    path = Path(mapping.path).parent / SAMPLE
    try:
        document = json.loads(path.read_bytes())
        return Sample(mapping, {**document, "object": dict(document["object"])})
    except OSError as error:
        reason = Reason(ErrorCode.UNREADABLE, path=str(path), detail=error.strerror)
        raise BridgeError(reason) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BridgeError(Reason(ErrorCode.SAMPLE_UNFIT, path=str(path))) from error


def _send(url: str, body: str) -> None:
    """Post without a proxy, even if the environment names one: the bridge is on this machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        with contextlib.closing(connection):
            connection.request("POST", f"/hooks/{SOURCE}", body.encode(), {"Content-Type": _TYPE})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise BridgeError(Reason(ErrorCode.BRIDGE_SILENT, url=url, detail=str(error))) from error
    click.echo(f"{said(Reason(CommandCode.DEMO_ANSWER, status=answer.status, text=text))}\n")
    if answer.status != 200:
        raise BridgeError(Reason(ErrorCode.WEBHOOK_NOT_ACCEPTED), Reason(ErrorCode.SEE_LINES_ABOVE))


def _story(settings: Settings, key: str) -> Iterator[str]:
    """The history of the event, when its calls are final or time is up."""
    store = open_store(settings.database_url)
    try:
        deadline = time.monotonic() + PATIENCE
        story = find_story(store, SOURCE, key)
        while not story.final and time.monotonic() < deadline:
            time.sleep(_EVERY)
            story = find_story(store, SOURCE, key)
        yield from story_lines(story, accounts_if_readable(settings), screen_of(settings))
    finally:
        store.close()
