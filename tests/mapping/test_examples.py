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


TIMES = """\
rules:
  - name: later
    when: {$.status: paid}
    at: {time: "10:00", day: next}
    tz: Europe/Moscow
    start: {bot_id: 1, subscriber_id: $.s}
  - name: webinar
    when: {$.starts_at: {exists: true}}
    at: $.starts_at
    tz: Europe/Moscow
    late: skip
    start: {bot_id: 2, subscriber_id: $.s}
  - name: stop
    when: {$.stop: {exists: true}}
    cancel: {key: "order:{$.stop}"}
"""


def timed(test: str) -> tuple[str, ...]:
    """The differences of a test of rules with times."""
    result = compiled(f"{HEAD}{TIMES}tests:\n  - name: t\n    {test}\n")
    assert [one.code for one in result.findings if one.is_error] == []
    mapping = result.sources["shop"]
    return differences(run_example(mapping, mapping.tests[0], lambda _: b""))


NOW = "now: 2026-11-30T20:00+03:00\n    body:"


def test_a_due_time_is_compared_as_an_instant() -> None:
    body = f"{NOW} {{status: paid, s: 5}}\n    expect:"
    for due in ("2026-12-01T10:00+03:00", "2026-12-01T07:00Z", "2026-12-01T07:00:00.000+00:00"):
        assert timed(f"{body} [{{due: {due}}}]") == ()
    assert timed(f"{body} [{{due: 2026-12-01T10:00Z}}]") == (
        'start 1: due is "2026-12-01T10:00:00+03:00", expected "2026-12-01T10:00Z"',
    )
    assert timed(f"{body} []") == (
        'start 1 was not expected: rule "later", bot_id 1, subscriber_id 5, variables {}, account "main", '
        'due "2026-12-01T10:00:00+03:00"',
    )


def test_a_start_at_once_is_not_due() -> None:
    assert differences(run(f"{BODY}\n    expect: [{{due: 2026-12-01T10:00Z}}]")) == (
        'start 1: due is null, expected "2026-12-01T10:00Z"',
    )


def test_a_test_without_the_time_of_receipt_says_so() -> None:
    assert timed("body: {status: paid, s: 5}\n    expect: [{due: 2026-12-01T10:00+03:00}]") == (
        'start 1: due is "1970-01-02T10:00:00+03:00", expected "2026-12-01T10:00+03:00"',
        'the test has no "now", so it is received in 1970; write the time of receipt, '
        "such as now: 2026-11-30T23:40+03:00",
    )


def test_a_late_start_is_not_there_and_the_reason_is_said() -> None:
    body = f"{NOW} {{starts_at: 2026-11-30T19:00, s: 5}}\n    expect:"
    assert timed(f"{body} []") == ()
    assert timed(f"{body} [{{rule: webinar}}]") == (
        'start 1 is missing: rule "webinar"',
        'rule "webinar" did not start: 2026-11-30T19:00:00+03:00 had passed, and late is skip',
    )


def test_cancelled_keys_are_compared_in_order() -> None:
    body = "body: {stop: 7}\n    expect: []\n    cancelled:"
    assert timed(f"{body} ['order:7']") == ()
    assert timed("body: {stop: 7}\n    expect: []") == ()
    assert timed("body: {stop: 7}\n    cancelled: ['order:7']") == ()
    assert timed(f"{body} []") == ('cancelled keys are "order:7", expected none',)
    assert timed(f"{body} [a, 'order:7']") == ('cancelled keys are "order:7", expected "a", "order:7"',)


def test_times_of_a_test_need_their_offset() -> None:
    test = "{name: t, now: 2026-11-30T20:00, body: {}, expect: [{due: '10:00'}]}"
    text = f"{HEAD}{TIMES}tests:\n  - {test}\n"
    assert [one.message for one in compiled(text).findings if one.code == "M209"] == [
        f'expected a time with its offset such as 2026-12-01T10:00+03:00, found the text "{text}"'
        for text in ("2026-11-30T20:00", "10:00")
    ]
