"""What a mapping file says without error, but hardly means. Needs the file alone, no history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.language.conditions import Condition
from bridge.language.nodes import Mapping, Report
from bridge.language.paths import Path
from bridge.mapping.rule import Rule
from bridge.mapping.start import Start
from bridge.model import Finding


def lint(node: Mapping, rules: tuple[Rule, ...], report: Report) -> None:
    """Add the warnings about a file that has no errors."""
    active = [rule for rule in rules if rule.enabled]
    for rule, message in (*_unreached(active), *_doubled(active)):
        report.findings.append(Finding(report.path, rule.line, rule.column, *message))
    if rules and node.get("tests") is None:
        report.add(node.key("rules") or node, "W504", "no tests; add one so that a change can be proved")


def _unreached(rules: list[Rule]) -> Iterator[tuple[Rule, tuple[str, str]]]:
    """Rules that an earlier one with `stop` keeps from every event that they could match."""
    stopping: list[tuple[Rule, frozenset[str]]] = []
    for rule in rules:
        asked = _asked(rule)
        earlier = next((other for other, texts in stopping if texts <= asked), None)
        if earlier is not None:
            yield rule, ("W505", f'never reached: "{earlier.name}" in line {earlier.line} stops before it')
        if rule.stop:
            stopping.append((rule, asked))


def _asked(rule: Rule) -> frozenset[str]:
    """All that a rule asks, as texts: who asks no more than another matches whatever that matches."""
    texts = _texts((*rule.conditions, *rule.item_conditions))
    return texts | {f"for_each: {_path(rule.for_each)}"} if rule.for_each else texts


def _doubled(rules: list[Rule]) -> Iterator[tuple[Rule, tuple[str, str]]]:
    """Rules that start the same bot for the same recipient under the same conditions as an earlier one."""
    seen: dict[object, Rule] = {}
    for rule in rules:
        identity = (
            _texts(rule.conditions),
            _texts(rule.item_conditions),
            _path(rule.for_each),
            rule.account,
            _addressed(rule.start),
        )
        earlier = seen.setdefault(identity, rule)
        if earlier is not rule and not earlier.stop:
            yield (
                rule,
                (
                    "W506",
                    f'starts the same bot on the same events as "{earlier.name}" in line {earlier.line}',
                ),
            )


def _texts(conditions: Iterable[Condition]) -> frozenset[str]:
    return frozenset(condition.text for condition in conditions)


def _path(path: Path | None) -> str:
    return path.text if path else ""


def _addressed(start: Start) -> tuple[object, ...]:
    whom = [(way.subscriber_id, way.user_id, way.channel_id) for way in start.recipients]
    return start.bot_id.text, tuple(value.text if value else "" for way in whom for value in way)
