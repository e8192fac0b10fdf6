"""Variable names that look like a misspelling of a name in other rules of the account."""

from __future__ import annotations

import pytest

from bridge.mapping.compile.compiler import compile_files
from tests.mapping.given import ENVIRONMENT, HEAD, TESTS, findings


def rules(*names: str) -> str:
    """A rule for each, with a variable that is called so, or several with blanks between."""
    return "\n".join(
        f"- name: r{number}\n  when: {{$.n: {number}}}\n  start:\n    bot_id: 1\n    subscriber_id: $.s\n"
        f"    variables: {{{', '.join(f'{one}: x' for one in each.split())}}}"
        for number, each in enumerate(names)
    )


@pytest.mark.parametrize(
    "slip", ["amout", "amountt", "amoumt", "amuont", "Amount", "a_mount", "AMOUNT", "mount"]
)
def test_a_name_similar_to_that_of_several_rules_is_reported_at_its_position(slip: str) -> None:
    what = f'variable "{slip}" is used in this rule alone; 2 rules of account main have "amount"'
    assert findings(rules("amount", slip, "amount")) == [f"12:17: W509 {what}"]


@pytest.mark.parametrize(
    "other",
    ["discount", "amounts", "amount2", "amotn", "sum", "amo", "xamounty"],
    ids=["another word", "plural", "numbered", "two letters", "unlike", "cut", "longer"],
)
def test_a_name_that_may_well_be_another_is_not(other: str) -> None:
    assert findings(rules("amount", other, "amount")) == []


def test_short_names_are_compared_by_their_case_only() -> None:
    assert findings(rules("id", "ip", "id")) == []
    assert len(findings(rules("id", "ID", "id"))) == 1


def test_one_other_rule_is_no_custom() -> None:
    assert findings(rules("amount", "amout")) == []


def test_similar_names_in_one_rule_are_both_meant() -> None:
    assert findings(rules("amount amout", "amount", "amount")) == []


def test_a_name_that_two_rules_have_is_not_reported() -> None:
    assert findings(rules("amount", "amout", "amount", "amout")) == []


def test_the_name_that_most_rules_have_is_taken_for_the_one_meant() -> None:
    assert findings(rules("phone1x", "phone2x", "phone1x", "phone", "phone", "phone", "phones_")) == []
    (only,) = findings(rules("order", "order", "border", "border", "border", "xborder", "n"))
    assert only.endswith('3 rules of account main have "border"')


def test_rules_that_are_switched_off_do_not_count() -> None:
    off = rules("amount", "amout", "amount").replace("- name: r2", "- name: r2\n  enabled: false")
    assert findings(off) == []


ACCOUNTS = """\
accounts:
  main: {token: "${LEADCONVERTER_TOKEN}"}
  other: {token: "${LEADCONVERTER_TOKEN}"}
"""


def test_names_are_compared_across_the_files_of_an_account_and_not_across_accounts() -> None:
    def findings_with(account: str) -> list[str]:
        each = {"a.yml": "amount", "b.yml": "amount", "c.yml": "amout"}
        texts = {
            path: f"{HEAD.replace('shop', path[0])}account: {account if path == 'c.yml' else 'main'}\n"
            f"rules:\n{rules(name)}\n{TESTS}"
            for path, name in each.items()
        }
        files = {path: text.encode() for path, text in {**texts, "accounts.yml": ACCOUNTS}.items()}
        return [str(one) for one in compile_files(files, ENVIRONMENT).findings]

    assert findings_with("other") == []
    what = 'variable "amout" is used in this rule alone; 2 rules of account main have "amount"'
    assert findings_with("main") == [f"c.yml:14:17: W509 {what}"]
