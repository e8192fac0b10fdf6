"""The `tests:` of a mapping file: samples through decoding and rules, and what differs."""

from __future__ import annotations

from bridge.mapping.author.examples import Result, run_example
from bridge.text.render import english
from tests.mapping.given import HEAD, compiled

RULES = """\
rules:
  - name: paid
    when: {$.status: paid}
    start: {bot_id: 1, subscriber_id: $.s, variables: {sum: $.sum, gone: $.gone}}
  - name: page
    when: {$query.page: {exists: true}, $headers.x-kind: order}
    start: {bot_id: 2, user_id: $query.page, channel_id: tg, forced: true}
"""


def differences(result: Result) -> tuple[str, ...]:
    """The differences in English."""
    return tuple(map(english, result.differences))


def run(test: str, files: dict[str, bytes] | None = None, head: str = HEAD) -> Result:
    """The result of the one test of a file."""
    result = compiled(f"{head}{RULES}tests:\n  - name: t\n    {test}\n")
    assert [str(finding) for finding in result.findings] == []
    mapping = result.sources["shop"]

    def read(name: str) -> bytes:
        if name not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory")
        return (files or {})[name]

    return run_example(mapping, mapping.tests[0], read)


BODY = "body: {status: paid, s: 5, sum: 19.90}"


def test_a_test_passes_where_the_starts_are_as_expected() -> None:
    result = run(
        f"{BODY}\n    expect: [{{rule: paid, bot_id: 1, subscriber_id: 5, variables: {{sum: 19.90}}}}]"
    )
    assert result.passed
    assert [start.bot_id for start in result.starts] == [1]


def test_only_what_is_written_is_compared_but_variables_in_full() -> None:
    assert run(f"{BODY}\n    expect: [{{bot_id: 1}}]").passed
    assert differences(run(f"{BODY}\n    expect: [{{variables: {{}}}}]")) == (
        'start 1: variables.sum is "19.90", expected absent',
    )


def test_differences_are_listed_by_value() -> None:
    text = "expect: [{forced: true, bot_id: 7, variables: {sum: '20', gone: x}}]"
    assert differences(run(f"{BODY}\n    {text}")) == (
        "start 1: bot_id is 1, expected 7",
        'start 1: variables.sum is "19.90", expected "20"',
        'start 1: variables.gone is absent, expected "x"',
        "start 1: forced is false, expected true",
    )


def test_a_missing_start_says_why_its_rule_did_not_match() -> None:
    assert differences(run("body: {status: Paid}\n    expect: [{rule: paid, bot_id: 1}]")) == (
        'start 1 is missing: rule "paid", bot_id 1',
        'rule "paid" did not match: $.status is "Paid", wanted "paid": differs by case',
    )


def test_a_start_that_was_not_expected_is_shown_whole() -> None:
    assert differences(run(f"{BODY}\n    expect: []")) == (
        'start 1 was not expected: rule "paid", bot_id 1, subscriber_id 5, variables {sum: "19.90"}, '
        'account "main"',
    )


def test_failures_are_expected_by_the_rules_name() -> None:
    for text in ("expect: {failed: [paid]}", "expect: [{failed: paid}]", "failed: [paid]"):
        assert run(f"body: {{status: paid}}\n    {text}").passed
        assert differences(run(f"{BODY}\n    {text}"))[-1] == 'rule "paid" was expected to fail and did not'


def test_a_failure_that_was_not_expected_is_a_difference() -> None:
    assert differences(run("body: {status: paid}\n    expect: []")) == (
        'rule "paid" failed: subscriber_id: $.s is absent, an id is a positive whole number in digits',
    )


def test_starts_and_failures_may_be_expected_together() -> None:
    text = "headers: {X-Kind: order}\n    query: page=9\n    body: {status: paid}"
    expected = "expect: [{failed: [paid]}, {user_id: '9', channel_id: tg, forced: true}]"
    assert run(f"{text}\n    {expected}").passed


def test_a_sample_is_decoded_as_the_source_decodes_it() -> None:
    head = HEAD.replace("body: json", "body: form")
    files = {"samples/a.form": b"status=paid&s=77&sum=%D0%B0+b"}
    text = "file: samples/a.form\n    expect: [{subscriber_id: 77, variables: {sum: а b}}]"
    assert run(text, files, head).passed


def test_every_event_of_a_batch_is_applied() -> None:
    head = f"{HEAD}split: $[*]\n"
    files = {"batch.json": b'[{"status":"paid","s":1},{"status":"open"},{"status":"paid","s":2}]'}
    assert run("file: batch.json\n    expect: [{subscriber_id: 1}, {subscriber_id: 2}]", files, head).passed


def test_a_sample_that_cannot_be_read_or_decoded_is_a_difference() -> None:
    assert differences(run("file: gone.json\n    expect: []")) == (
        "gone.json cannot be read: No such file or directory",
    )
    broken = differences(run("file: a.json\n    expect: []", {"a.json": b"{"}))
    assert len(broken) == 1
    assert broken[0].startswith("the sample cannot be decoded: ")


def test_a_sample_needs_no_signature() -> None:
    assert run("file: a.json\n    expect: [{bot_id: 1}]", {"a.json": b'{"status": "paid", "s": 1}'}).passed
