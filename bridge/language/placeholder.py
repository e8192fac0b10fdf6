"""The placeholder `FILL_IN`, which drafts write for unknown values. It is an error until it is replaced."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence, scalars
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

FILL_IN = "FILL_IN"
"""The text that drafts and starters write for an unknown value."""

_DOCUMENTS = ("body", "query", "headers")
"""Keys of a test that contain a webhook, in which the word is allowed."""
_ORIGINS = ("path", "value", "template", "default")
"""Keys of a value that is written as an object."""
_VARIABLE = Reason(MappingCode.NEEDS_VARIABLE, reference="${NAME}")
_VALUE = Reason(MappingCode.NEEDS_VALUE)
_NEEDED = {
    "bot_id": Reason(MappingCode.NEEDS_BOT),
    "subscriber_id": Reason(MappingCode.NEEDS_SUBSCRIBER),
    "user_id": Reason(MappingCode.NEEDS_USER),
    "channel_id": Reason(MappingCode.NEEDS_CHANNEL),
    "public_url": Reason(MappingCode.NEEDS_PUBLIC_URL),
    "id": Reason(MappingCode.NEEDS_EVENT_ID),
    "type": Reason(MappingCode.NEEDS_EVENT_TYPE),
    **dict.fromkeys(("secret", "secrets", "token"), _VARIABLE),
}


def refuse_placeholders(node: Node, report: Report) -> None:
    """Report every placeholder of a file: a whole value, or a word in a text, a path or a key.

    Other findings about the same value are dropped, because the placeholder causes them.
    """
    if not any(FILL_IN in scalar.text for scalar in scalars(node)):
        return
    places = set()
    for scalar, key, whole in _values(node, "", node):
        at = _find(scalar.text)
        if at is not None:
            needed = _NEEDED.get(key, _VALUE)
            report.add(scalar, "M111", Reason(MappingCode.PLACEHOLDER, word=FILL_IN, needed=needed), at)
            places |= {(scalar.line, scalar.column), (whole.line, whole.column)}
    report.findings = [
        one for one in report.findings if one.code == "M111" or (one.line, one.column) not in places
    ]


def _values(
    node: Node, key: str, whole: Node, *, in_test: bool = False
) -> Iterator[tuple[Scalar, str, Node]]:
    """Every scalar with its key and the whole value. A key is yielded with an empty key."""
    match node:
        case Scalar():
            yield node, key, whole
        case Sequence(items=items):
            for item in items:
                yield from _values(item, key, item, in_test=in_test)
        case Mapping(entries=entries):
            for name, child in entries:
                if in_test and name.text in _DOCUMENTS:
                    continue
                yield name, "", name
                inner = in_test or name.text == "tests"
                if name.text in _ORIGINS:
                    yield from _values(child, key, whole, in_test=inner)
                else:
                    yield from _values(child, name.text, child, in_test=inner)


def _find(text: str) -> int | None:
    """The position of the placeholder as a separate word; None if there is none."""
    at = text.find(FILL_IN)
    while at >= 0:
        around = (text[at - 1 : at], text[at + len(FILL_IN) :][:1])
        if not any(char.isalnum() or char == "_" for char in around):
            return at
        at = text.find(FILL_IN, at + 1)
    return None
