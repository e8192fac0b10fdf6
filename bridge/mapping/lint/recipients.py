"""Warns about recipients: a fixed person for all events, or an e-mail address or phone number as user_id."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.jsonpath.path import is_path
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.templates import is_template
from bridge.mapping.rules.ids import contact_kind
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_PEOPLE = ("subscriber_id", "user_id")
_MAIL = ("mail", "почт")
_KINDS = {"": None, "email": MappingCode.EMAIL, "phone": MappingCode.PHONE}
_PHONE = ("phone", "mobile", "телефон")


def lint_recipients(rules: Node | None, report: Report) -> None:
    """Add the warnings about the recipients of the rules that are switched on."""
    for key, node in _people(rules):
        _lint_literal(key, node, report)
        if key == "user_id":
            _lint_messenger_id(node, report)


def _people(rules: Node | None) -> Iterator[tuple[str, Node]]:
    """Every `subscriber_id` and `user_id`, including those of `first_of`."""
    for rule in rules.items if isinstance(rules, Sequence) else ():
        if isinstance(rule, Mapping) and isinstance(start := rule.get("start"), Mapping):
            enabled = rule.get("enabled")
            if not (isinstance(enabled, Scalar) and enabled.value is False):
                yield from _named(start)


def _named(start: Mapping) -> Iterator[tuple[str, Node]]:
    ways = start.get("first_of")
    every = (start, *(ways.items if isinstance(ways, Sequence) else ()))
    for way in (one for one in every if isinstance(one, Mapping)):
        yield from ((key.text, node) for key, node in way.entries if key.text in _PEOPLE)


def _lint_literal(key: str, node: Node, report: Report) -> None:
    """Warn about a bare literal: it may be left from a test. `{value: 778899}` says that it is meant."""
    literal = next((one for one in _parts(node, "template", "default") if _is_literal(one)), None)
    if literal is not None:
        meant = f"{{value: {literal.text}}}"
        fixed = Reason(MappingCode.FIXED_PERSON, key=key, path=f"$.{key}", literal=meant)
        report.add(literal, "W514", fixed)


def _lint_messenger_id(node: Node, report: Report) -> None:
    for one in _parts(node, "path", "template", "value", "default"):
        if what := _contact(one, shaped=isinstance(node, Mapping) and node.get("pipe") is not None):
            report.add(one, "W515", Reason(MappingCode.CONTACT_AS_ID, text=one.text[:60], what=Reason(what)))


def _parts(node: Node, *names: str) -> list[Scalar]:
    """The scalar itself, or the scalars at these keys of an object."""
    if isinstance(node, Scalar):
        return [node]
    if not isinstance(node, Mapping):
        return []
    found = (node.get(name) for name in names)
    return [part for one in found if one is not None for part in _parts(one, *names)]


def _is_literal(node: Scalar) -> bool:
    return node.value is not None and not is_path(node.text) and not is_template(node.text)


def _contact(node: Scalar, *, shaped: bool) -> MappingCode | None:
    """What a user_id seems to be instead; None if it looks right.

    A phone number with a pipe (`shaped`) may be WhatsApp's id, which is the digits of the number.
    """
    if _is_literal(node):
        return _KINDS[contact_kind(node.text)]
    name = _last_name(node.text)
    if any(word in name for word in _MAIL):
        return MappingCode.EMAIL_PATH
    if not shaped and any(word in name for word in _PHONE):
        return MappingCode.PHONE_PATH
    return None


def _last_name(text: str) -> str:
    return text.casefold().rstrip("}'\"]").rpartition(".")[2]
