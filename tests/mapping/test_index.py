"""Large sets of rules: the index asks few of them and leaves out none that matches."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.language.operands import same
from bridge.mapping.rules.apply import FEW_RULES, MAX_NEAR, MappingFile, apply, apply_silently, judge
from bridge.mapping.rules.index import key_of
from bridge.mapping.rules.rule import MAX_ITEMS
from bridge.model import Event, Json, Match
from bridge.webhook.source import scope_of
from tests.mapping.given import HEAD, TESTS, compiled, event, mapping

START = "start: {bot_id: 1, subscriber_id: 5}"


def rules_of(*lines: str) -> MappingFile:
    """One rule per text, which says all but its name and start."""
    texts = (f"  - {{name: r{number}, {line}, {START}}}\n" for number, line in enumerate(lines))
    result = compiled(f"{HEAD}rules:\n{''.join(texts)}{TESTS}")
    assert result.valid, result.findings
    return result.sources["shop"]


def many(line: str, count: int = 1_000) -> MappingFile:
    """Rules `r0`, `r1` …; NUMBER in the text is the rule's."""
    return rules_of(*(line.replace("NUMBER", str(number)) for number in range(count)))


def asked(rules: MappingFile, happened: Event) -> list[str]:
    return [rule.name for rule in rules.index.candidates(scope_of(happened))]


def started(rules: MappingFile, body: Json) -> list[str]:
    return [start.rule for start in apply_silently(rules, event(body)).starts]


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("when: {$.course: c-NUMBER}", {"course": "c-7"}),
        ("when: {$.status: NUMBER}", {"status": 7}),
        ("when: {$.status: NUMBER}", {"status": "7.00"}),
        ("when: {$.status: NUMBER}", {"status": Number("7.0")}),
        ("when: {$.course: {eq: C-NUMBER, ignore_case: true}}", {"course": "c-7"}),
        ("when: {$.course: {in: [c-NUMBER, d-NUMBER], starts_with: c}}", {"course": "c-7"}),
        ("when: {'$.courses[*]': c-NUMBER}", {"courses": ["d-1", "c-7"]}),
        ("when: {$event.type: paid, $.course: c-NUMBER}", {"course": "c-7"}),
        ("when: {$.sum: {gt: 0}, $.course: c-NUMBER}", {"sum": 5, "course": "c-7"}),
        (
            "for_each: '$.leads[*]', when: {$item.status: NUMBER}",
            {"leads": [{"status": 1_000}, {"status": 7}]},
        ),
    ],
)
def test_of_a_thousand_rules_with_an_equality_one_is_evaluated(line: str, body: Json) -> None:
    rules = many(line)
    assert asked(rules, event(body)) == ["r7"]
    assert started(rules, body) == ["r7"]


def test_rules_that_share_each_of_two_conditions_are_filed_by_both() -> None:
    lines = (f"when: {{$.pipeline: {one}, $.status: {two}}}" for one in range(30) for two in range(30))
    rules = rules_of(*lines)
    happened = event({"pipeline": 3, "status": 4})
    assert asked(rules, happened) == ["r94"]
    assert started(rules, happened.document) == ["r94"]


def test_rules_without_an_equality_are_always_evaluated() -> None:
    lines = ["when: {$.sum: {gt: 1}}", "when: {any: [{$.a: 1}, {$.b: 1}]}", "when: {not: {$.a: 1}}"]
    rules = rules_of(*lines, *(f"when: {{$.course: c-{number}}}" for number in range(60)))
    assert asked(rules, event({})) == ["r0", "r1", "r2"]


def test_rules_that_are_switched_off_are_not_evaluated() -> None:
    rules = rules_of(*(f"enabled: false, when: {{$.course: c-{number}}}" for number in range(60)))
    assert asked(rules, event({"course": "c-7"})) == []


def test_the_order_of_the_file_stays_and_stop_still_stops() -> None:
    lines = ["when: {$.b: 1}", "when: {$.a: 1}, stop: true", "when: {$.b: 1}"]
    rules = rules_of(*lines, *(f"when: {{$.a: c-{number}}}" for number in range(60)))
    assert started(rules, {"a": 1, "b": 1}) == ["r0", "r1"]
    assert started(rules, {"b": 1}) == ["r0", "r2"]


def test_too_many_items_fail_every_rule_that_goes_through_them() -> None:
    rules = many("for_each: '$.leads[*]', when: {$item.status: NUMBER, $item.kind: a}", 60)
    failures = apply(rules, event({"leads": [{}] * (MAX_ITEMS + 1)})).failures
    assert len(failures) == 60


def test_a_small_set_has_every_verdict() -> None:
    rules = mapping("\n".join(f"- {{name: r{n}, when: {{$.a: {n}}}, {START}}}" for n in range(FEW_RULES)))
    made = apply(rules, event({"a": 7}))
    assert made.verdicts == judge(rules, event({"a": 7}))
    assert (len(made.verdicts), made.rules, made.omitted) == (FEW_RULES, frozenset(), 0)


def test_a_large_set_has_verdicts_of_matches_failures_and_near_misses() -> None:
    lines = [f"- {{name: r{n}, when: {{$.course: c-{n}, $.sum: 5}}, {START}}}" for n in range(FEW_RULES)]
    lines.append("- {name: lacks, when: {$.sum: 5}, start: {bot_id: 1, subscriber_id: $.gone}}")
    made = apply(mapping("\n".join(lines)), event({"course": "C-7", "sum": 5}))
    assert [(one.rule, one.match, one.code) for one in made.verdicts] == [
        ("r7", Match.UNMATCHED, "case"),
        ("lacks", Match.FAILED, ""),
    ]
    assert len(made.rules) == FEW_RULES + 1
    assert made.omitted == FEW_RULES - 1


def test_near_misses_have_a_limit() -> None:
    rules = many("when: {$.course: Python}", 200)
    assert len(apply(rules, event({"course": "python"})).verdicts) == MAX_NEAR


def test_judge_gives_all_verdicts() -> None:
    rules = many("when: {$.course: c-NUMBER}")
    verdicts = judge(rules, event({"course": "c-7"}))
    assert len(verdicts) == 1_000
    assert [one.rule for one in verdicts if one.match is Match.MATCHED] == ["r7"]


def test_long_texts_are_compared_though_they_are_not_filed() -> None:
    long = "x" * 600
    rules = rules_of(f"when: {{$.a: {long}}}", *(f"when: {{$.a: c-{number}}}" for number in range(60)))
    assert started(rules, {"a": long}) == ["r0"]
    assert started(rules, {"a": "c-7"}) == ["r8"]
    assert started(rules, {"a": "c-7" + " " * 10_000}) == []


def test_conditions_with_many_literals_do_not_multiply_the_index() -> None:
    letters = ", ".join("abcdefgh")
    when = ", ".join(f"$.{name}: [{letters}]" for name in "klmnopqrst")
    rules = many(f"when: {{{when}}}", 100)
    body = dict.fromkeys("klmnopqrst", "a")
    assert len(started(rules, body)) == 100


literals = st.sampled_from(
    [
        "a",
        "A",
        " a",
        "ß",
        "SS",
        "ı",
        "1",
        "1.0",
        "1e0",
        "true",
        "null",
        "",
        1,
        0,
        Number("1.0"),
        True,
        False,
        None,
    ]
)
WORDS = [
    '"a"',
    '"A"',
    '" a"',
    '"ß"',
    '"1"',
    '"1.0"',
    "1",
    "1.0",
    "0",
    "true",
    '"true"',
    "null",
    '""',
    "[a, 1]",
]
WHENS = st.sampled_from(
    [
        f"{path}: {question}"
        for path in ("$.a", "'$.b[*]'", "$.c")
        for question in (*WORDS, *(f"{{eq: {word}, ignore_case: true}}" for word in WORDS[:4]), "{ne: a}")
    ]
)


@given(literals, literals, st.booleans())
def test_what_an_equality_takes_for_the_same_is_filed_the_same(found: Json, wanted: Json, fold: bool) -> None:
    if same(found, wanted, fold):
        assert key_of(found) == key_of(wanted)


@given(st.text(max_size=6), st.text(max_size=6))
def test_texts_that_are_the_same_but_for_capitals_are_filed_the_same(one: str, other: str) -> None:
    assert key_of(one.upper().casefold()) == key_of(one.upper())
    if one.casefold() == other.casefold():
        assert key_of(one) == key_of(other)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_a_number_is_filed_the_same_as_its_text(number: Decimal) -> None:
    assert key_of(str(number)) == key_of(Number(str(number)))


@given(
    st.lists(st.tuples(WHENS, st.booleans(), st.booleans(), st.booleans()), min_size=9, max_size=30),
    st.fixed_dictionaries({}, optional={"a": literals, "b": st.lists(literals, max_size=3), "c": literals}),
)
def test_the_index_never_changes_what_is_started(
    lines: list[tuple[str, bool, bool, bool]], body: Json
) -> None:
    rules = rules_of(
        *(
            f"when: {{{when}{', $.c: a' if twice and when[:3] != '$.c' else ''}}}"
            f", stop: {str(stop).lower()}, enabled: {str(enabled).lower()}"
            for when, twice, stop, enabled in lines
        )
    )
    happened = event(body)
    everything = apply(rules, happened)
    filed = apply_silently(rules, happened)
    assert (filed.starts, filed.failures) == (everything.starts, everything.failures)
