"""`leadbridge new`: a mapping file to begin with, from a profile or from a webhook that came."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bridge.commands.explain import known
from bridge.commands.opening import opened
from bridge.commands.output import printable, say
from bridge.commands.payload import PayloadFile
from bridge.errors import DocumentError, UsageError
from bridge.language.file_schemas import mapping_schema
from bridge.language.placeholder import FILL_IN
from bridge.model import Event, Request
from bridge.operations import draft
from bridge.operations.draft_text import SCHEMA
from bridge.operations.redact import of_request
from bridge.operations.redact_stored import of_event
from bridge.operations.stored_payload import request_of
from bridge.settings import Settings
from bridge.store.reports.event_views import event


def new(
    settings: Settings, source: str, profile: str | None, given: PayloadFile | None, *, force: bool
) -> int:
    """Write a mapping file, its sample and the schema for editors; raises UsageError before it overwrites."""
    draft.check_names(source, profile)
    drafted = _draft(settings, source, profile, given)
    folder = Path(settings.mappings)
    path = folder / f"{source}.yml"
    files = {path: drafted.text.encode()}
    if drafted.sample is not None:
        files[folder / drafted.sample_name] = drafted.sample
    _write(files, force=force)
    schema = json.dumps(mapping_schema(), ensure_ascii=False, indent=1)
    (folder / SCHEMA).write_text(f"{schema}\n")
    for written in files:
        click.echo(printable(str(written)))
    open_lines = [str(number) for number, line in enumerate(drafted.text.splitlines(), 1) if FILL_IN in line]
    say(f"next: replace {FILL_IN} in {path} (line {', '.join(open_lines)}), then leadbridge check and test")
    say(f"as long as it is there, no change in {folder} is taken into use")
    return 0


def _draft(settings: Settings, source: str, profile: str | None, given: PayloadFile | None) -> draft.Draft:
    if given is None and profile is None:
        raise UsageError(
            "there is nothing to begin with", "give --profile NAME, --from EVENT or --from FILE, or both"
        )
    if given is None:
        return draft.starter(settings, source, str(profile))
    try:
        request, stored, secrets = _webhook(settings, source, given)
        return draft.draft(settings, source, profile, request, stored=stored, secrets=secrets)
    except DocumentError as error:
        raise UsageError(
            f"the webhook cannot be decoded: {error.message}",
            "name the sender's --profile, or give its Content-Type with --header",
        ) from error


def _webhook(
    settings: Settings, source: str, given: PayloadFile
) -> tuple[Request, Event | None, tuple[str, ...]]:
    """The webhook of an event, by its number, with the event, or that of a file, and the secrets in it.

    Raises BridgeError.
    """
    sources = known(settings).sources
    if Path(given.file).is_file():
        request = given.read().request("POST")
        return request, None, of_request(request, sources[source]).values if source in sources else ()
    if not given.file.isdecimal():
        raise UsageError(f'--from is "{given.file}", expected the number of an event or a file')
    with opened(settings) as store, store.read() as connection:
        number = int(given.file)
        stored = event(connection, number)
        return request_of(connection, number), stored.event, of_event(stored, sources).values


def _write(files: dict[Path, bytes], *, force: bool) -> None:
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already", "give --force to overwrite it")
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from error
