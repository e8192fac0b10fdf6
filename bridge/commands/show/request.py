"""The request of a call as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.commands.show.language import said
from bridge.commands.show.output import printable
from bridge.operations.request_preview import Shown
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason

_DOUBTS = {
    "email": Reason(ExplainCode.LOOKS_LIKE_EMAIL),
    "phone": Reason(ExplainCode.LOOKS_LIKE_PHONE),
}


def request_lines(shown: Shown) -> Iterator[str]:
    """The request as it is sent, then its parameters, decoded."""
    if shown.error:
        yield printable(said(Reason(ExplainCode.CANNOT_BE_SENT, why=shown.error)))
        return
    if shown.url:
        yield f"POST {printable(shown.url)}"
    if shown.body:
        yield printable(said(Reason(ExplainCode.REQUEST_BODY, body=shown.body)))
    for name, value in shown.parameters:
        yield f"     {printable(name)} = {printable(value)}"
    if shown.doubt:
        yield said(_DOUBTS[shown.doubt])
