"""Compiles `message:`: a template, joined fields, canonical JSON, PHP's serialize, or a list of these."""

from __future__ import annotations

from bridge.language.keys_message import MESSAGE
from bridge.language.nodes import Mapping, Node, Scalar, Sequence
from bridge.language.reader import Fields
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.verify.canonical import compile_canonical, compile_php
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.signed_fields import compile_join
from bridge.webhook.verify.signed_message import Builder, Signing, compile_text, encoded, joined

_KINDS = ("template", "join", "canonical_json", "php_serialize", "substitute")


def compile_message(node: Node | None, context: CompileContext) -> Builder | None:
    """Compile a `message:`; without one, the raw body is signed. None after a finding."""
    match node:
        case None:
            return Builder(lambda signing: signing.incoming.request.body, frozenset({"body"}))
        case Scalar():
            return compile_text(node, node.text, context)
        case Sequence(items=items):
            builders = [compile_message(item, context) for item in items]
            known = [builder for builder in builders if builder is not None]
            if len(known) < len(builders) or not known:
                return None
            uses = frozenset[str]().union(*(builder.uses for builder in known))
            return Builder(joined([builder.build for builder in known]), uses)
        case Mapping():
            return _built(node, context)


def _built(node: Mapping, context: CompileContext) -> Builder | None:
    fields = context.reader.table(node, MESSAGE)
    kind = None if fields is None else context.one_of(fields, _KINDS, "message")
    if fields is None or kind is None or fields[kind] is None:
        return None
    builder = _kind(kind, fields, context)
    return None if builder is None else Builder(encoded(builder.build, fields["encode"]), builder.uses)


def _kind(kind: str, fields: Fields, context: CompileContext) -> Builder | None:
    match kind:
        case "template":
            return compile_text(fields.at(kind), fields[kind], context)
        case "join":
            return compile_join(fields[kind], context)
        case "canonical_json":
            return compile_canonical(fields[kind], context)
        case "php_serialize":
            return compile_php(fields[kind], context)
    return _substitute(fields, context)


def _substitute(fields: Fields, context: CompileContext) -> Builder | None:
    inner = compile_text(fields.at("substitute"), fields["substitute"], context)
    if inner is None:
        return None
    fill = inner.build

    def build(signing: Signing) -> bytes:
        before, found, after = signing.incoming.request.body.partition(signing.signature.encode())
        if not found:
            # The secret would be left out, and anyone could make such a hash.
            raise DeniedError("malformed", Reason(WebhookCode.SIGNATURE_NOT_IN_BODY))
        return before + fill(signing) + after

    return Builder(build, inner.uses | {"body"})
