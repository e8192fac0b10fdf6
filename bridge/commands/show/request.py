"""The request of a call as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.commands.show.language import said
from bridge.commands.show.output import printable
from bridge.operations.request_preview import Shown

_DOUBTS = {
    "email": "warning: user_id looks like an e-mail address; no messenger knows a person by that",
    "phone": "warning: user_id looks like a phone number; a messenger knows no person by a plus and digits",
}


def request_lines(shown: Shown) -> Iterator[str]:
    """The request as it is sent, then its parameters, decoded."""
    if shown.error:
        yield f"cannot be sent: {printable(said(shown.error))}"
        return
    if shown.url:
        yield f"POST {printable(shown.url)}"
    if shown.body:
        yield f"body {printable(shown.body)}"
    for name, value in shown.parameters:
        yield f"     {printable(name)} = {printable(value)}"
    if shown.doubt:
        yield _DOUBTS[shown.doubt]
