"""Compiles the keys of a source to a Source, or findings."""

from __future__ import annotations

from dataclasses import replace

from bridge.jsonpath.path import Path
from bridge.language.conditions import Condition, compile_conditions
from bridge.language.keys_source import DEDUP, JSON_FIELD
from bridge.language.nodes import Mapping, Node, Scalar
from bridge.language.reader import Fields, Reader
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import MAIN, CompileContext, check_named, read_secrets, used_names
from bridge.webhook.decode.decode import Decoder, JsonField, field_path
from bridge.webhook.former_identity import event_text
from bridge.webhook.handshake import Handshakes, compile_handshakes
from bridge.webhook.identity import Identity, compile_identity
from bridge.webhook.redaction.secrets import Secrets, places_text
from bridge.webhook.reply import compile_reply
from bridge.webhook.source import WITH_ID, WITHOUT_ID, Dedup, Source
from bridge.webhook.split import compile_split
from bridge.webhook.verify.check import Check
from bridge.webhook.verify.scheme import compile_verify

_DEDUP = "{within: 30d}"


def compile_source(fields: Fields, reader: Reader) -> Source | None:
    """Compile a table of SOURCE_KEYS, merged with its profile; None after an error in the report."""
    before = _errors(reader)
    context = read_secrets(fields, reader)
    used = used_names(fields["verify"]) | {MAIN}
    used |= used_names(fields.node.get("handshake")) | used_names(fields.node.get("reply"))
    context = check_named(context, fields, used)
    check = compile_verify(fields["verify"], fields.node, context)
    handshakes = compile_handshakes(fields["handshake"] or (), context)
    answer = compile_reply(fields["reply"], context)
    event_id, event_type = _identities(fields, context)
    decoder, ignore, dedup = _decoder(fields, context), _ignore(fields, context), _dedup(fields, context)
    split = compile_split(fields["split"], context)
    if check is None or handshakes is None or answer is None or _errors(reader) > before:
        return None
    return Source(
        name=context.name,
        methods=tuple(fields["methods"]) or ("POST",),
        decoder=decoder,
        check=check,
        handshakes=handshakes,
        ignore=ignore,
        split=split,
        event_id=event_id,
        event_type=event_type,
        answer=answer,
        dedup=dedup,
        takes_path_token=_mentions_path(fields["verify"]),
        event=event_text(fields.node.get("event")),
        secrets=_secrets(check, handshakes, context),
    )


def _secrets(check: Check, handshakes: Handshakes, context: CompileContext) -> Secrets:
    known = (*context.secrets, *context.known, *(one for named in context.named.values() for one in named))
    places = dict.fromkeys((*check.secrets, *handshakes.secrets))
    values = dict.fromkeys(one for one in known if one != context.reader.placeholder)
    proofs = check.proofs | {Reason(WebhookCode.HANDSHAKE), Reason(WebhookCode.PING)}
    return Secrets(tuple(places), tuple(values), proofs, places_text(places))


def _identities(fields: Fields, context: CompileContext) -> tuple[Identity | None, Identity | None]:
    event = fields["event"]
    if event is None:
        return None, None
    return compile_identity(event["id"], context), compile_identity(event["type"], context)


def _errors(reader: Reader) -> int:
    return sum(finding.is_error for finding in reader.report.findings)


def _decoder(fields: Fields, context: CompileContext) -> Decoder:
    nodes = fields["json_fields"] or ()
    known = tuple(field for node in nodes if (field := _json_field(node, context)) is not None)
    unwrap = field_path(fields["unwrap"]) if fields["unwrap"] else None
    kinds = tuple(fields["body"]) or ("json",)
    return Decoder(kinds, fields["charset"], known, unwrap, frozenset(fields["lists"]))


def _json_field(node: Node, context: CompileContext) -> JsonField | None:
    if isinstance(node, Scalar):
        return JsonField(field_path(node.text))
    fields = context.reader.table(node, JSON_FIELD)
    if fields is None:
        return None
    return JsonField(field_path(fields["field"] or ""), fields["encoding"])


def _ignore(fields: Fields, context: CompileContext) -> tuple[tuple[Condition, ...], ...]:
    pings = (compile_conditions(node, context.report) for node in fields["ignore"] or ())
    return tuple(conditions for conditions in pings if conditions)


def _dedup(fields: Fields, context: CompileContext) -> Dedup:
    node, window = fields["dedup"], fields["retry_window"] or WITHOUT_ID
    usual = Dedup(max(WITH_ID, window), window)
    if node is None:
        return usual
    if isinstance(node, Scalar):
        if node.text == "none":
            return Dedup(0, 0)
        context.report.add(node, "M103", Reason(WebhookCode.BAD_DEDUP, form=_DEDUP, text=node.text[:40]))
        return usual
    table = context.reader.table(node, DEDUP)
    if table is None:
        return usual
    if table["within"] is not None:
        usual = Dedup(table["within"], table["within"])
    return replace(usual, changed_is_new=table["changed"] == "new", ignore=_ignored(table, context))


def _ignored(table: Fields, context: CompileContext) -> tuple[Path, ...]:
    """Paths to single values in the body; anything else is a finding."""
    found = []
    for text in table["ignore"]:
        path = context.path(table.at("ignore"), text)
        if path is None:
            continue
        if path.root == "$" and path.definite and path.steps:
            found.append(path)
        else:
            context.report.add(table.at("ignore"), "M103", Reason(WebhookCode.BAD_DEDUP_PATH, text=text[:40]))
    return tuple(found)


def _mentions_path(node: Node | None) -> bool:
    """Whether a scheme reads the last part of the URL."""
    match node:
        case Mapping(entries=entries):
            return any(
                (key.text == "token" and isinstance(child, Mapping) and child.get("path") is not None)
                or _mentions_path(child)
                for key, child in entries
            )
        case None | Scalar():
            return False
    return any(_mentions_path(item) for item in node.items)
