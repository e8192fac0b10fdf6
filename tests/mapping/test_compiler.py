"""A folder of mapping files: sources, accounts, and the findings of all files in one run."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.model import Account
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.text.render import english
from bridge.webhook.profiles import load_profiles
from tests.mapping.given import ENVIRONMENT, HEAD, TESTS, compiled, findings

RULE = "- {name: r, start: {bot_id: 1, subscriber_id: {value: 2}}}"
GOOD = f"{HEAD}rules:\n  {RULE}\n{TESTS}"


def lines(result: Compiled) -> list[str]:
    return [str(finding) for finding in result.findings]


def test_a_good_file_gives_its_source_rules_and_tests() -> None:
    result = compiled(GOOD)
    assert lines(result) == []
    assert result.valid
    file = result.sources["shop"]
    assert (file.path, file.source.name, file.account) == ("mappings/shop.yml", "shop", "main")
    assert [rule.name for rule in file.rules] == ["r"]
    assert [test.name for test in file.tests] == ["nothing"]
    assert file.version == hashlib.sha256(GOOD.encode()).hexdigest()[:12]


def test_the_version_of_a_file_changes_with_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "source: shop\nprofile: stripe\nverify: none\n"
    before = compiled(text).sources["shop"].version
    profiles = {name: replace(one, digest="another") for name, one in load_profiles().items()}
    monkeypatch.setattr("bridge.mapping.compile.file_compiler.load_profiles", lambda: profiles)
    assert len(before) == len(compiled(text).sources["shop"].version) == 12
    assert compiled(text).sources["shop"].version != before


def test_no_files_are_no_valid_set() -> None:
    assert compile_files({}, ENVIRONMENT) == Compiled({}, {"main": Account("main", "t-main")}, (), False)


def test_the_findings_of_all_files_come_in_one_run_sorted() -> None:
    bad = "source: b\nverify: none\nruls: []\ntests:\n  - {name: t, body: {}, expect: []}\n"
    files = {
        "mappings/z.yml": b"source: [",
        "mappings/a/b.yml": bad.encode(),
        "mappings/good.yml": GOOD.encode(),
    }
    result = compile_files(files, ENVIRONMENT)
    assert not result.valid
    assert list(result.sources) == ["shop"]
    found = [line for line in lines(result) if " W" not in line]
    assert found[0] == 'mappings/a/b.yml:3:1: M104 unknown key "ruls"; did you mean "rules"?'
    assert found[1].startswith("mappings/z.yml:")
    assert len(found) == 2


def test_source_names_are_unique_across_files() -> None:
    result = compile_files({"mappings/a.yml": GOOD.encode(), "mappings/b.yml": GOOD.encode()}, ENVIRONMENT)
    assert lines(result) == [
        'mappings/b.yml:1:1: M109 source "shop" is defined twice, first in mappings/a.yml'
    ]
    assert not result.valid


@pytest.mark.parametrize("name", ["a b", "оплата", "../x", "-x", "a" * 65])
def test_a_sources_name_is_part_of_its_url(name: str) -> None:
    result = compiled(GOOD.replace("source: shop", f"source: '{name}'"))
    assert lines(result) == [
        "mappings/shop.yml:1:9: M209 a source is part of a URL: expected letters, digits, - and _, "
        f'found "{name}"'
    ]


def test_the_account_of_the_environment_is_main() -> None:
    environment = ENVIRONMENT | {"LEADCONVERTER_URL": "http://127.0.0.1:8090/"}
    accounts = compiled(GOOD, environment=environment).accounts
    assert accounts == {"main": Account("main", "t-main", "http://127.0.0.1:8090")}


@pytest.mark.parametrize("token", [{}, {"LEADCONVERTER_TOKEN": ""}, {"LEADCONVERTER_TOKEN": " \t"}])
def test_an_account_without_its_token_has_no_token_and_says_so(token: dict[str, str]) -> None:
    result = compiled(GOOD, environment={"SHOP_SECRET": "s", **token})
    assert lines(result) == [
        "mappings/shop.yml:8:5: W501 environment variable LEADCONVERTER_TOKEN is not set, "
        "the token of account main"
    ]
    assert result.valid
    assert result.accounts == {"main": Account("main", "", unset="LEADCONVERTER_TOKEN")}
    assert [str(one) for one in result.unset] == [
        "account main has no token, its calls wait: LEADCONVERTER_TOKEN is not set"
    ]
    assert result.sources["shop"].unset == ()


def test_the_token_is_missed_in_a_file_only_where_a_rule_needs_it() -> None:
    result = compiled(f"{HEAD}{TESTS}", environment={"SHOP_SECRET": "s"})
    assert lines(result) == []


def test_a_source_whose_secret_is_not_set_is_closed() -> None:
    result = compiled(GOOD, environment={"LEADCONVERTER_TOKEN": "t"})
    assert lines(result) == ["mappings/shop.yml:3:9: W501 environment variable SHOP_SECRET is not set"]
    assert result.valid
    assert result.sources["shop"].unset == ("SHOP_SECRET",)
    assert [str(one) for one in result.unset] == [
        "source shop is closed, its webhooks are answered 503: SHOP_SECRET is not set"
    ]


@pytest.mark.parametrize("variable", ["SHOP_SECRET", "LEADCONVERTER_TOKEN"])
def test_a_variable_that_is_not_utf_8_closes_only_what_needs_it(variable: str) -> None:
    key = "verify: {hmac: {algorithm: sha256, message: '{body}', signature: {header: X}}}"
    start = "start: {bot_id: 1, subscriber_id: $.b}"
    text = f"source: shop\nsecret: '${{SHOP_SECRET}}'\n{key}\nrules: [{{name: r, {start}}}]\n"
    given = {"SHOP_SECRET": "s", "LEADCONVERTER_TOKEN": "t", variable: os.fsdecode("пароль".encode("cp1251"))}
    result = compiled(text, environment=given)
    assert result.valid
    assert [one.variables for one in result.unset] == [(variable,)]
    reason = f"environment variable {variable} is not set: its value is not UTF-8"
    assert any(reason in line for line in lines(result))


NEEDS = {
    "a list, for rotation": "secret: ['${SHOP_SECRET}', '${B}', '${A}']\nverify: {token: {path: true}}",
    "named secrets": "secrets: {a: '${A}', b: ['${SHOP_SECRET}', '${B}']}\n"
    "verify: {any: [{token: {path: true, use: a}}, {token: {header: X, use: b}}]}",
    "a public key": "verify: {signature: {algorithm: ed25519, public_key: '${A}', message: '{body}',"
    " signature: {header: X}}, token: {path: true}}\nsecret: '${B}'",
    "a key in hex": "secret: '${A}'\nsecrets: {b: '${B}'}\nverify: {hmac: {algorithm: sha256,"
    " key: {encoding: hex}, message: '{body}', signature: {header: X}}, token: {path: true, use: b}}",
}


@pytest.mark.parametrize("case", NEEDS)
def test_each_place_of_a_secret_closes_its_source_and_no_other(case: str) -> None:
    closed = (
        f"source: closed\n{NEEDS[case]}\nrules: [{{name: r, start: {{bot_id: 1, subscriber_id: $.b}}}}]\n"
    )
    files = {"closed.yml": closed.encode(), "shop.yml": GOOD.encode()}
    result = compile_files(files, ENVIRONMENT)
    assert [one for one in lines(result) if "M" in one.split()[1]] == []
    assert {name: one.unset for name, one in result.sources.items()} == {"closed": ("A", "B"), "shop": ()}
    assert [str(one) for one in result.unset] == [
        "source closed is closed, its webhooks are answered 503: A and B are not set"
    ]


def test_alerts_without_their_address_are_named() -> None:
    accounts = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}'}}\nalerts: {url: '${ALERT_URL}'}\n"
    result = compiled(GOOD, accounts=accounts)
    assert lines(result) == ["mappings/accounts.yml:2:15: W501 environment variable ALERT_URL is not set"]
    assert [str(one) for one in result.unset] == ["alerts are not posted: ALERT_URL is not set"]
    assert result.valid


def test_an_account_of_the_file_without_its_token_is_named() -> None:
    accounts = "accounts: {main: {token: '${MINE}'}, other: {token: '${SHOP_SECRET}'}}\n"
    result = compiled(GOOD, accounts=accounts)
    assert lines(result) == ["mappings/accounts.yml:1:26: W501 environment variable MINE is not set"]
    assert {name: one.token for name, one in result.accounts.items()} == {"main": "", "other": "s-shop"}
    assert [str(one) for one in result.unset] == [
        "account main has no token, its calls wait: MINE is not set"
    ]


def test_with_a_placeholder_nothing_is_closed() -> None:
    result = compile_files({"mappings/shop.yml": GOOD.encode()}, {}, placeholder="sandbox")
    assert [one.split()[1] for one in lines(result)] == ["W501", "W501"]
    assert result.valid
    assert result.unset == ()
    assert result.accounts["main"].token == "sandbox"


ONE = "accounts:\n  main: {token: '${LEADCONVERTER_TOKEN}'}\n"
EMPTY_SUCCESS = "1:61: M103 expected conditions such as $.started: 1, found an empty mapping"
NO_QUERY = "1:70: M210 $query is not known here: success looks at the body of the answer; begin with $"
NO_SUCCESS = "1:61: M103 expected conditions such as $.status: paid, found the number 1"
ACCOUNTS = """\
accounts:
  main:
    token: ${LEADCONVERTER_TOKEN}
  client:
    token: ${SHOP_SECRET}
    url: https://example.org/leads/
    rate: 10/s
    burst: 20
    parameters: form
    forced_value: "1"
    server_error: retry
    on_uncertain: resend
    call_id_variable: bridge_call
    probe: connect
"""


def test_the_accounts_file_gives_every_account_its_settings() -> None:
    result = compiled(GOOD.replace("source: shop", "source: shop\naccount: client"), accounts=ACCOUNTS)
    assert lines(result) == []
    assert result.accounts == {
        "main": Account("main", "t-main"),
        "client": Account(
            "client",
            "s-shop",
            "https://example.org/leads",
            10.0,
            20,
            "form",
            "1",
            "retry",
            "resend",
            "bridge_call",
            probe="connect",
        ),
    }
    assert result.sources["shop"].rules[0].account == "client"


def test_success_asks_the_answers_document_and_says_why_not() -> None:
    result = compiled(
        GOOD, accounts=ONE.replace("}'}", "}', success: {$.started: 1, $.bot.id: {exists: true}}}")
    )
    assert lines(result) == []
    success = result.accounts["main"].success
    assert success is not None
    assert success({"started": "1", "bot": {"id": 0}}) is None
    assert english(success({"started": 0})) == "$.started is 0, wanted 1"
    assert success({"started": 1}) == Reason(RuleCode.ABSENT, path="$.bot.id", hint=None)
    absent = Reason(RuleCode.ABSENT, path="$.started", hint=None)
    assert success([]) == success("") == success(None) == absent
    assert compiled(GOOD, accounts=ONE.replace("}'}", "}', success: null}")).accounts["main"].success is None


def test_a_token_is_never_printed() -> None:
    assert "s-shop" not in repr(compiled(GOOD, accounts=ACCOUNTS).accounts)


def test_a_rules_account_goes_before_the_files() -> None:
    text = GOOD.replace("source: shop", "source: shop\naccount: client").replace(
        "name: r,", "name: r, account: main,"
    )
    assert compiled(text, accounts=ACCOUNTS).sources["shop"].rules[0].account == "main"


def test_an_unknown_account_is_a_finding_with_a_suggestion() -> None:
    assert findings(
        "- {name: r, account: clint, start: {bot_id: 1, subscriber_id: 2}}", accounts=ACCOUNTS
    ) == ['1:22: M302 no account "clint" in mappings/accounts.yml; did you mean "client"?']
    assert findings("- {name: r, account: client, start: {bot_id: 1, subscriber_id: 2}}") == [
        '1:22: M302 no account "client" in the environment, which knows only main'
    ]
    other = "accounts:\n  client: {token: '${SHOP_SECRET}'}\n"
    assert findings(RULE, accounts=other) == ['1:3: M302 no account "main" in mappings/accounts.yml']


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("accounts: {main: {token: '${LEADCONVERTER_TOKEN}', success: {}}}", EMPTY_SUCCESS),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', success: {$.a: 1, $query.b: 2}}}",
            NO_QUERY,
        ),
        ("accounts: {main: {token: '${LEADCONVERTER_TOKEN}', success: 1}}", NO_SUCCESS),
        ("accounts: {}", "1:11: M103 expected at least one account, found an empty mapping"),
        ("acounts: {main: {token: '${LEADCONVERTER_TOKEN}'}}", None),
        (
            "accounts: {main: {token: abc}}",
            "1:26: M107 a secret is written literally; write ${NAME} and set NAME in the environment",
        ),
        ("accounts: {main: {rate: 5/s}}", '1:18: M105 account has no "token"'),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', rate: 5}}",
            '1:58: M103 expected a rate such as "5/s" or "100/m", found the number 5',
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', burst: 0}}",
            "1:59: M103 expected at least 1, found the number 0",
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', url: ftp://x}}",
            '1:57: M209 expected a URL such as https://leadconverter.ru, found "ftp://x"',
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', url: 'https://h/?a=b'}}",
            '1:57: M209 expected a URL such as https://leadconverter.ru, found "https://h/?a=b"',
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', url: 'https://[x'}}",
            '1:57: M209 expected a URL such as https://leadconverter.ru, found "https://[x"',
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', url: 'http://example.org'}}",
            "1:57: W503 the token travels unencrypted over http; write https",
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', call_id_variable: 'a[b]'}}",
            '1:70: M209 a variable name cannot hold the bracket "["',
        ),
        (
            "accounts: {main: {token: '${LEADCONVERTER_TOKEN}'}}\nalerts: {}",
            '2:9: M105 alerts has neither "url" nor "start", so nobody would get an alert',
        ),
    ],
)
def test_mistakes_in_the_accounts_file(text: str, finding: str | None) -> None:
    found = [line for line in lines(compiled(GOOD, accounts=text)) if "accounts.yml" in line]
    if finding is None:
        assert len(found) == 2
    else:
        assert found == [f"mappings/accounts.yml:{finding}"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_local_sandbox_may_be_reached_over_http(host: str) -> None:
    text = f"accounts: {{main: {{token: '${{LEADCONVERTER_TOKEN}}', url: 'http://{host}:8090'}}}}"
    assert lines(compiled(GOOD, accounts=text)) == []


def test_there_is_one_accounts_file() -> None:
    files = {"m/accounts.yml": ACCOUNTS.encode(), "m/b/accounts.yml": ACCOUNTS.encode()}
    assert lines(compile_files(files, ENVIRONMENT)) == [
        "m/b/accounts.yml:1:1: M109 a second accounts file; m/accounts.yml is the first"
    ]


@pytest.mark.parametrize(
    ("rules", "warning"),
    [
        (
            "- {name: a, stop: true, start: {bot_id: 1, subscriber_id: 2}}\n"
            "- {name: b, when: {$.x: 1}, start: {bot_id: 2, subscriber_id: 2}}",
            '2:10: W505 never reached: "a" in line 8 stops before it',
        ),
        (
            "- {name: a, stop: true, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: 2}}\n"
            "- {name: b, when: {$.y: 2, $.x: 1}, start: {bot_id: 2, subscriber_id: 2}}",
            '2:10: W505 never reached: "a" in line 8 stops before it',
        ),
        (
            "- {name: a, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: $.s}}\n"
            "- {name: b, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: $.s, forced: true}}",
            '2:10: W506 starts the same bot on the same events as "a" in line 8',
        ),
    ],
)
def test_rules_that_hardly_mean_what_they_say_are_warnings(rules: str, warning: str) -> None:
    assert findings(rules) == [warning]


@pytest.mark.parametrize(
    "rules",
    [
        "- {name: a, stop: true, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: 2}}\n"
        "- {name: b, when: {$.x: 2}, start: {bot_id: 1, subscriber_id: 2}}",
        "- {name: a, stop: true, enabled: false, start: {bot_id: 1, subscriber_id: 2}}\n"
        "- {name: b, start: {bot_id: 1, subscriber_id: 2}}",
        "- {name: a, stop: true, for_each: '$.l[*]', when: {$item.x: 1}, "
        "start: {bot_id: 1, subscriber_id: 2}}\n"
        "- {name: b, start: {bot_id: 1, subscriber_id: 2}}",
        "- {name: a, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: $.s}}\n"
        "- {name: b, when: {$.x: 1}, start: {bot_id: 2, subscriber_id: $.s}}",
        "- {name: a, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: $.s}}\n"
        "- {name: b, when: {$.x: 1}, start: {bot_id: 1, subscriber_id: $.t}}",
    ],
)
def test_and_rules_that_may_be_meant_are_not(rules: str) -> None:
    assert findings(rules) == []


def test_rules_without_tests_are_a_warning() -> None:
    assert findings(RULE, tests="") == ["0:-1: W504 no tests; add one, to check changes"]


PIECES = st.sampled_from(
    [
        "source: shop\n",
        "profile: json\n",
        "verify: none\n",
        "rules:\n",
        "  - name: r\n",
        "    when: {$.a: 1}\n",
        "    when: {any: [{$.a: {gt: $.b}}]}\n",
        "    for_each: $.a[*]\n",
        "    start: {bot_id: $.b, subscriber_id: {path: $.s, pipe: [int, {round: 1}]}}\n",
        "    start:\n",
        "      variables: {a: '{$.b}', 'c[': {value: 1}}\n",
        "      first_of: [{subscriber_id: 1}, {contact: {phone: 1}}]\n",
        "    expires: 10m\n",
        "    account: x\n",
        "tests:\n",
        "  - {name: t, body: {a: 1}, expect: [{rule: r, variables: {a: [1]}}, {failed: r}]}\n",
        "  - {name: t, file: ../x, expect: }\n",
        "event: {id: $.id}\n",
        "accounts: {main: {token: '${A}'}}\n",
        "? [a]\n",
        "&a [*a]\n",
        "🎉: \x00\n",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_mixture_of_lines_is_a_set_or_findings(text: str) -> None:
    for name in ("m/a.yml", "m/accounts.yml"):
        result = compile_files({name: text.encode()}, ENVIRONMENT)
        assert result.valid or any(finding.is_error for finding in result.findings)
        assert list(result.findings) == sorted(result.findings)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_set_or_findings(data: bytes) -> None:
    for name in ("m/a.yml", "m/accounts.yml"):
        result = compile_files({name: data}, ENVIRONMENT, placeholder="x")
        assert result.valid or any(finding.is_error for finding in result.findings)
