"""`leadbridge new`: write a first mapping file, from a profile or from a received webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bridge.commands.access import mappings_if_readable, opened
from bridge.commands.options import PayloadFile, quiet
from bridge.commands.show.language import said
from bridge.commands.show.output import printable, say
from bridge.errors import DocumentError, UsageError
from bridge.language.file_schemas import mapping_schema
from bridge.language.placeholder import FILL_IN
from bridge.model import Event, Request
from bridge.operations.authoring import draft
from bridge.operations.authoring.draft_text import SCHEMA
from bridge.operations.authoring.stored_payload import request_of
from bridge.operations.redact import of_request
from bridge.operations.redact_stored import of_event
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.reports.event_views import event


@click.command()
@click.argument("source")
@click.option("--profile", metavar="NAME", help="The built-in source definition to use.")
@click.option(
    "--from", "given", metavar="EVENT|FILE", help="A webhook: an event's number, or a file with the body."
)
@click.option(
    "--header", "headers", multiple=True, metavar='"NAME: VALUE"', help="A header of FILE; may be repeated."
)
@click.option("--query", default="", help="The query string of FILE.")
@click.option("--method", help="The method of FILE (default: POST).")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def new(source: str, profile: str | None, given: str | None, force: bool, **how: Any) -> int:
    """Write a first mapping file, mappings/SOURCE.yml, with a rule inferred from a webhook and a test.

    The webhook is saved as a sample in which names, numbers, addresses and all tokens are replaced; check it
    before you share it. Without --from, the file is the example of the profile. The calls of the rule are
    recorded and never sent until you remove its line `shadow: true`.

    mapping.schema.json, in the same folder, lets editors complete and check mapping files.

    \b
    Example:
      leadbridge new shop --from mappings/samples/nocode-deal.json
    """
    payload = PayloadFile(given, **how) if given is not None else None
    return write_mapping(quiet(), source, profile, payload, force=force)


def write_mapping(
    settings: Settings, source: str, profile: str | None, given: PayloadFile | None, *, force: bool
) -> int:
    """Write a mapping file, its sample and the schema for editors; raises UsageError if one exists."""
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
    lines = tuple(str(number) for number, line in enumerate(drafted.text.splitlines(), 1) if FILL_IN in line)
    say(said(Reason(MappingCode.FILL_IN_NEXT, word=FILL_IN, path=str(path), lines=lines, count=len(lines))))
    say(said(Reason(MappingCode.UNUSED_UNTIL, folder=str(folder))))
    return 0


def _draft(settings: Settings, source: str, profile: str | None, given: PayloadFile | None) -> draft.Draft:
    if given is None and profile is None:
        raise UsageError(Reason(MappingCode.NOTHING_GIVEN), Reason(MappingCode.GIVE_PROFILE_OR_EVENT))
    if given is None:
        return draft.starter(settings, source, str(profile))
    try:
        request, stored, secrets = _webhook(settings, source, given)
        return draft.draft(settings, source, profile, request, stored=stored, secrets=secrets)
    except DocumentError as error:
        raise UsageError(
            Reason(MappingCode.CANNOT_DECODE, why=error.reason), Reason(MappingCode.NAME_PROFILE)
        ) from error


def _webhook(
    settings: Settings, source: str, given: PayloadFile
) -> tuple[Request, Event | None, tuple[str, ...]]:
    """The webhook of a file or of a stored event, that event, and the secrets in the webhook.

    Raises BridgeError.
    """
    sources = mappings_if_readable(settings).sources
    if Path(given.file).is_file():
        request = given.read().request("POST")
        return request, None, of_request(request, sources[source]).values if source in sources else ()
    if not given.file.isdecimal():
        raise UsageError(Reason(MappingCode.FROM_NOTHING, given=given.file))
    with opened(settings) as store, store.read() as connection:
        number = int(given.file)
        stored = event(connection, number)
        return request_of(connection, number), stored.event, of_event(stored, sources).values


def _write(files: dict[Path, bytes], *, force: bool) -> None:
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        there_already = Reason(MappingCode.EXISTS_ALREADY, path=there[0])
        raise UsageError(there_already, Reason(MappingCode.FORCE_OVERWRITES))
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        fault = Reason(ErrorCode.UNWRITABLE, path=str(error.filename), detail=error.strerror)
        raise UsageError(fault) from error
