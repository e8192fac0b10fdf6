"""`leadbridge try`: run a payload through the rules of its source. Sends and stores nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from bridge.commands.options import PayloadFile, as_json, quiet
from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, json_array, printable, screen_of
from bridge.commands.show.request import request_lines
from bridge.commands.show.verdict_lines import evaluation_lines, missing
from bridge.errors import DocumentError
from bridge.mapping.author.explain import verdict_reason
from bridge.model import BotStart, Match, Verdict
from bridge.operations.authoring.mapping_files import mapping_named
from bridge.operations.authoring.try_as_json import tried_record
from bridge.operations.authoring.try_payload import Tried, try_request
from bridge.operations.redact import of_request, shown
from bridge.operations.request_preview import Shown
from bridge.operations.words import document_lines, known_by_body
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.settings import Settings
from bridge.webhook.budget import OverBudgetError

_HEADS = {
    "matched": ExplainCode.HEAD_MATCHES,
    "nearly": ExplainCode.HEAD_NEARLY,
    "not": ExplainCode.HEAD_NOT,
    "failed": ExplainCode.HEAD_FAILED,
}
_MARKS = {"matched": ("✓", "green"), "nearly": ("≈", "yellow"), "not": ("·", None), "failed": ("✗", "red")}


@click.command("try")
@click.argument("source")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--header", "headers", multiple=True, metavar='"NAME: VALUE"', help="A header; may be repeated."
)
@click.option("--query", default="", help="The query string: the part after ? in the URL.")
@click.option("--method", help="The request's method (default: the source's first).")
@as_json
def try_(
    source: str, file: str, headers: tuple[str, ...], query: str, method: str | None, as_json: bool
) -> int:
    """Run a payload through the rules of SOURCE; show which rules match or almost match, and the exact calls.

    FILE holds the raw body of a webhook; - reads stdin. SOURCE is the name of a source or a mapping
    file. Nothing is verified, sent or stored. Exit code 1 if a rule matches but lacks a value.

    A time counts from now: the output shows when each start is due, in which time zone, its key, and which
    keys are cancelled.

    Keys of --json, for each event: source, file, id, type, document, ping, rules, failures, calls, cancels.

    \b
    Example:
      leadbridge try yookassa mappings/samples/yookassa-paid.json
    """
    given = PayloadFile(file, headers, query, method)
    return try_payload(quiet(), source, given, as_json=as_json)


def try_payload(settings: Settings, source: str, given: PayloadFile, *, as_json: bool) -> int:
    """Print what would happen; return 1 if a rule lacks a value. Raises DocumentError if decoding fails."""
    mapping, accounts = mapping_named(settings, source)
    payload = given.read()
    request = payload.request(mapping.source.default_method(payload.body))
    try:
        tried = try_request(mapping, request, accounts, int(time.time() * 1000))
    except OverBudgetError as error:
        raise DocumentError(
            Reason(WebhookCode.IN_FILE, file=given.file, why=error.reason), error.cure
        ) from error
    except DocumentError as error:
        reason = Reason(WebhookCode.FILE_UNDECODABLE, file=given.file, why=error.reason)
        raise DocumentError(reason, Reason(WebhookCode.CURE_UNDECODABLE)) from error
    tried = shown(of_request(request, mapping), tried)
    if as_json:
        click.echo(json_array(tried_record(one) for one in tried))
    else:
        for number, one in enumerate(tried, 1):
            for line in _lines(one, number, len(tried), screen_of(settings)):
                click.echo(line)
    return 1 if any(one.application.failures for one in tried) else 0


def _lines(tried: Tried, number: int, total: int, screen: Screen) -> Iterator[str]:
    event = tried.event
    kind = Reason(ExplainCode.OF_TYPE, type=event.type) if event.type else None
    head = Reason(ExplainCode.EVENT_OF_MANY, number=number, total=total, id=event.id, type=kind)
    yield printable(said(head))
    yield from (f"  {line}" for line in document_lines(event.document))
    if lacks := tried.mapping.source.lacks_id(event):
        yield f"  {printable(said(known_by_body(lacks)))}"
    if event.note:
        yield f"  {printable(said(Reason(ExplainCode.TRIED_NOTE, note=event.note)))}"
    if tried.ping:
        yield said(Reason(ExplainCode.PING))
        return
    for verdict in tried.verdicts:
        yield from _rule(tried, verdict, screen)
    if tried.application.omitted:
        yield f"· {printable(said(Reason(ExplainCode.MORE_RULES, count=tried.others)))}"
    if not tried.mapping.rules:
        yield said(Reason(ExplainCode.NO_RULES))
    yield ""


def _rule(tried: Tried, verdict: Verdict, screen: Screen) -> Iterator[str]:
    nearness = tried.nearness(verdict)
    mark, color = _MARKS[nearness]
    at = f"{tried.mapping.path}:{verdict.line}"
    head = f"{mark} {printable(verdict.rule)}: {said(Reason(_HEADS[nearness]))}"
    yield f"{screen.paint(head, color) if color else head}  ({at})"
    if verdict.match is not Match.UNMATCHED:
        if verdict.match in (Match.SKIPPED, Match.DISABLED):
            yield f"    {said(verdict_reason(verdict))}"
    else:
        yield from _conditions(tried, verdict, screen)
    for failure in tried.application.failures:
        if failure.rule == verdict.rule:
            yield f"    {missing(failure, screen)}"
    yield from (f"    {printable(said(what))}" for rule, what in tried.ended if rule == verdict.rule)
    for start, request in tried.calls:
        if start.rule == verdict.rule:
            yield from (f"    {line}" for line in _call(tried, start, request))


def _conditions(tried: Tried, verdict: Verdict, screen: Screen) -> Iterator[str]:
    evaluation = tried.evaluations.get(verdict.rule)
    if evaluation is None:
        yield f"    {printable(said(verdict_reason(verdict, tried.event)))}"
    else:
        yield from evaluation_lines(evaluation, screen)


def _call(tried: Tried, start: BotStart, request: Shown) -> Iterator[str]:
    if start.shadow:
        yield said(Reason(ExplainCode.SHADOW))
    yield from (printable(said(one)) for one in tried.when(start))
    yield from request_lines(request)
