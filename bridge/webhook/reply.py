"""Renders replies to senders: status, content type and a body that may contain paths into the event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.jsonpath.path import PathError
from bridge.jsonpath.scope import Scope
from bridge.language.nodes import Node, Scalar
from bridge.language.reader import Fields
from bridge.language.templates import Template, compile_template, is_template
from bridge.language.text import Unusable
from bridge.model import Reply
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.digests import digest, digest_text, keyed
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.message import compile_message
from bridge.webhook.verify.signed_message import Part, Signing

MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}(?:; ?[a-z-]{1,20}=[A-Za-z0-9._-]{1,40})*")


Body: TypeAlias = Template | str


@dataclass(frozen=True, slots=True)
class Digest:
    """The value of `{digest}` in a reply: some senders need a signed reply."""

    algorithm: str
    message: Part
    keyed: bool
    encoding: str
    secret: str = field(repr=False)

    def text(self, incoming: Incoming) -> str:
        data = self.message(Signing(incoming, self.secret))
        made = (
            keyed(self.algorithm, self.secret.encode(), data) if self.keyed else digest(self.algorithm, data)
        )
        return digest_text(made, self.encoding)


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """Renders the reply; the same request gets the same bytes."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: Body = "OK"
    by_type: Mapping[str, Body] = field(default_factory=dict)
    digest: Digest | None = None

    @property
    def varies(self) -> bool:
        """Whether two webhooks may get different replies."""
        return not isinstance(self.body, str) or bool(self.by_type) or self.digest is not None

    def render(self, scope: Scope | None, incoming: Incoming | None = None) -> Reply:
        """The reply to one event; "OK" if values for the body are missing, or there is no event."""
        body = self.by_type.get(scope.event["type"], self.body) if scope else self.body
        try:
            text = self._text(body, scope, incoming)
        except (Unusable, DocumentError, DeniedError):
            text = "OK"
        return Reply(self.status, text.encode(), self.content_type)

    def _text(self, body: Body, scope: Scope | None, incoming: Incoming | None) -> str:
        if not isinstance(body, str):
            body = body.render(scope) if scope else "OK"
        if self.digest is None or "{digest}" not in body:
            return body
        return body.replace("{digest}", self.digest.text(incoming)) if incoming else "OK"


def compile_reply(fields: Fields | None, context: CompileContext) -> ReplyTemplate | None:
    """Compile `reply:`. Only 2xx is allowed: senders repeat, unsubscribe or give up on other answers."""
    if fields is None:
        return ReplyTemplate()
    status = fields["status"]
    if not 200 <= status <= 299:
        context.report.add(fields.at("status"), "M411", Reason(WebhookCode.BAD_STATUS, status=status))
        return None
    content_type = media_type(fields, "type", context)
    body = _body(fields.at("body"), fields["body"], context)
    by_type = {name: _body(fields.at("by_type"), text, context) for name, text in fields["by_type"].items()}
    made = None if fields["digest"] is None else _digest(fields["digest"], context)
    if content_type is None or body is None or (made is None and fields["digest"] is not None):
        return None
    known = {name: one for name, one in by_type.items() if one is not None}
    return ReplyTemplate(status, content_type, body, known, made) if len(known) == len(by_type) else None


def _body(node: Node, text: str, context: CompileContext) -> Body | None:
    if not is_template(text):
        return text
    try:
        return compile_template(text)
    except PathError as error:
        context.report.add(node, error.code, error.reason, error.offset)
        return None


def _digest(fields: Fields, context: CompileContext) -> Digest | None:
    message = None if fields["message"] is None else compile_message(fields["message"], context)
    secrets = context.secrets_of(fields, "digest")
    if message is None or not secrets or fields["algorithm"] is None:
        return None
    return Digest(fields["algorithm"], message.build, fields["keyed"], fields["encoding"], secrets[0])


def media_type(fields: Fields, key: str, context: CompileContext) -> str | None:
    """A content type that is valid in a header; anything else is a finding."""
    text: str = fields[key]
    if MEDIA_TYPE.fullmatch(text):
        return text
    node = fields.at(key)
    shown = node.text[:40] if isinstance(node, Scalar) else text[:40]
    context.report.add(node, "M411", Reason(WebhookCode.BAD_CONTENT_TYPE, text=shown))
    return None
