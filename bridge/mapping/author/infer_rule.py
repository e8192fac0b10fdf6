"""What a sample's values seem to be: the beginnings of a rule, for its author to correct."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import to_json
from bridge.jsonpath.path import compile_path
from bridge.language.text import Unusable
from bridge.mapping.rules.ids import whole_id
from bridge.model import Event, Json

_SUBSCRIBER = re.compile(r"(?i)subscriber|подписчик|lead_?converter|\blc_?id|\bbot_?user")
_VARIABLES = (
    ("phone", re.compile(r"(?i)phone|телефон|mobile|(?<![a-z])tel(?![a-z])")),
    ("email", re.compile(r"(?i)e_?mail|почт")),
    ("amount", re.compile(r"(?i)(?:amount|(?<![a-z])sum|OutSum|price|total|сумма|стоимость)(?:\.value)?$")),
    ("status", re.compile(r"(?i)status|(?<![a-z])state(?![a-z])|stage|статус")),
    ("name", re.compile(r"(?i)(?:^|first_?|full_?|customer_?)name$|имя|фио")),
    ("order", re.compile(r"(?i)order[_.]?(?:id|num|number)$|invoice_?(?:id)?$|InvId|номер")),
)
_BY_PATH = ("amount", "order")
"""Variables whose value may be one step below the key that names it: `amount.value`, `order.id`."""
_ID = re.compile(r"(?i)^(?:event_?id|id|uuid|order_?id|.*_id|.*Id)$")
_TYPE = re.compile(r"(?i)^(?:event|event_?type|type|action|kind)$")
_NAME = re.compile(r"[^\W\d]\w*")
_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
_MOST = 60
"""Maximum length of a value that a condition compares with."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value of a sample."""

    path: str
    key: str
    """The last name in the path."""
    value: Json


@dataclass(frozen=True, slots=True)
class RuleOutline:
    """The values of a rule before it is written. Paths and names are as in mapping files."""

    when: tuple[tuple[str, Json], ...]
    """Conditions: paths, each with its expected value."""
    recipient: tuple[tuple[str, str], ...]
    """`subscriber_id`, or `user_id` and `channel_id`, each with its path; empty if unknown."""
    variables: tuple[tuple[str, str], ...]
    fixed: tuple[tuple[str, Json], ...] = ()
    """Keys of the recipient with a value that is the same for every event."""
    bot_id: int | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """The unknown keys of the start: `bot_id`, and what is missing of the recipient."""
        known = {key for key, _ in (*self.recipient, *self.fixed)}
        wanted = ("user_id", "channel_id") if known & {"user_id", "channel_id"} else ("subscriber_id",)
        bot = ("bot_id",) if self.bot_id is None else ()
        return (*bot, *(key for key in wanted if key not in known))


def infer_rule(event: Event) -> RuleOutline:
    """Infer a rule for such events from the names and values in one."""
    found = list(leaves(event.document))
    kind = (("$event.type", event.type),) if 0 < len(event.type) <= _MOST else ()
    when = kind + tuple(one for one in _status(found) if one[1] != event.type)
    variables: list[tuple[str, str]] = []
    for name, pattern in _VARIABLES:
        named = [leaf for leaf in found if _is_named(leaf, name, pattern) and leaf.value != ""]
        first = min(named, key=_depth, default=None)
        if first is not None and first.path not in (path for _, path in variables):
            variables.append((name, first.path))
    return RuleOutline(when, _recipient(found), tuple(variables))


def infer_identity(document: Json) -> tuple[str | None, str | None]:
    """Infer the paths of the event's id and type from the top level of the document; None if not found."""
    top = [leaf for leaf in leaves(document) if leaf.path.count(".") <= 1 and "[" not in leaf.path]
    ids = sorted((one for one in top if _ID.match(one.key) and one.value != ""), key=_id_rank)
    types = [one for one in top if _TYPE.match(one.key) and isinstance(one.value, str) and one.value]
    return (ids[0].path if ids else None), (types[0].path if types else None)


def _depth(leaf: Leaf) -> tuple[int, int]:
    """Sort key: values of the whole document come before values of its items."""
    return leaf.path.count("["), leaf.path.count(".")


def _is_named(leaf: Leaf, name: str, pattern: re.Pattern[str]) -> bool:
    return bool(pattern.search(leaf.path if name in _BY_PATH else leaf.key))


def _id_rank(leaf: Leaf) -> int:
    """Sort key: the event's own id comes first, then ids of orders; ids of people come last."""
    ranks = (
        re.compile(r"(?i)^event_?id$"),
        re.compile(r"(?i)^(?:id|uuid)$"),
        re.compile(r"(?i)order|payment|invoice|transaction|deal"),
    )
    person = re.search(r"(?i)user|subscriber|client|customer|chat|contact|bot|channel", leaf.key)
    found = next((rank for rank, pattern in enumerate(ranks) if pattern.search(leaf.key)), len(ranks))
    return len(ranks) + 1 if person else found


def _status(known: list[Leaf]) -> tuple[tuple[str, str], ...]:
    pattern = dict(_VARIABLES)["status"]
    found = (leaf for leaf in known if pattern.search(leaf.key) and isinstance(leaf.value, str))
    return next((((leaf.path, leaf.value),) for leaf in found if 0 < len(leaf.value) <= _MOST), ())


def _recipient(known: list[Leaf]) -> tuple[tuple[str, str], ...]:
    for leaf in known:
        if _SUBSCRIBER.search(leaf.key) and is_id(leaf.value):
            return (("subscriber_id", leaf.path),)
    return ()


def is_id(value: Json) -> bool:
    """Whether the value may be the id of a subscriber."""
    try:
        return whole_id(value) > 0
    except Unusable:
        return False


def leaves(node: Json, path: str = "$", key: str = "") -> Iterator[Leaf]:
    """Every single value below the node that a path can name."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from leaves(child, path + _step(name), name)
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from leaves(child, f"{path}[{index}]", key)
    elif isinstance(node, str | int | Decimal) and not isinstance(node, bool) and _is_path(path):
        yield Leaf(path, key, node)


def _step(name: str) -> str:
    if _NAME.fullmatch(name):
        return f".{name}"
    return "['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']"


def _is_path(path: str) -> bool:
    try:
        compile_path(path)
    except BridgeError:
        return False
    return path != "$"


def scalar(value: Json) -> str:
    """A single value as a YAML scalar that reads back as this value, in a block."""
    return _text(value) if isinstance(value, str) else to_json(value)


def _text(text: str) -> str:
    is_path = re.fullmatch(r"\$(?:event)?(?:\.[^\W\d]\w*|\[\d+\])+", text)
    is_word = re.fullmatch(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*", text) and text.lower() not in _WORDS
    return text if is_path or is_word else to_json(text)
