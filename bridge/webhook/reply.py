"""What the sender of a webhook hears: status, content type and a body that may hold paths into the event."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.language.document import Scalar
from bridge.language.paths import PathError
from bridge.language.schema import Fields
from bridge.language.scope import Scope
from bridge.language.templates import Template, compile_template, is_template
from bridge.language.text import Unusable
from bridge.model import Reply
from bridge.webhook.setup import Setup

MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}(?:; ?[a-z-]{1,20}=[A-Za-z0-9._-]{1,40})*")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, the same bytes for the same event."""

    fixed: Reply = Reply()  # noqa: RUF009  # frozen
    template: Template | None = None

    def render(self, scope: Scope | None) -> Reply:
        """For one event; where it lacks what the template needs, or there is no event, a plain OK."""
        if self.template is None:
            return self.fixed
        try:
            body = self.template.render(scope).encode() if scope else b"OK"
        except Unusable:
            body = b"OK"
        return Reply(self.fixed.status, body, self.fixed.content_type)


def compile_reply(fields: Fields | None, setup: Setup) -> Answer | None:
    """`reply:`; senders repeat, unsubscribe or give up on answers other than 2xx: only those may stand."""
    if fields is None:
        return Answer()
    status, body = fields["status"], fields["body"]
    if not 200 <= status <= 299:
        setup.report.add(fields.at("status"), "M411", f"reply status {status} is not of 200 to 299")
        return None
    content_type = media_type(fields, "type", setup)
    if content_type is None:
        return None
    if not is_template(body):
        return Answer(Reply(status, body.encode(), content_type))
    try:
        return Answer(Reply(status, b"", content_type), compile_template(body))
    except PathError as error:
        setup.report.add(fields.at("body"), error.code, error.message, error.offset)
        return None


def media_type(fields: Fields, key: str, setup: Setup) -> str | None:
    """A content type that can stand in a header; anything else is a finding."""
    text: str = fields[key]
    if MEDIA_TYPE.fullmatch(text):
        return text
    node = fields.at(key)
    shown = node.text[:40] if isinstance(node, Scalar) else text[:40]
    setup.report.add(node, "M411", f'"{shown}" is no content type such as text/plain or application/json')
    return None
