from __future__ import annotations

import pytest

from bridge.mapping.compile.compiler import compile_files
from bridge.model import ALERT_KINDS, Alerts, AlertStart, Recipient
from tests.mapping.given import ENVIRONMENT
from tests.mapping.test_broken_files import GOOD

ACCOUNTS = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}'}, second: {token: '${LEADCONVERTER_TOKEN}'}}\n"
SECRET_URL = "https://hooks.example.org/services/canary-51"


def alerts(text: str, *, placeholder: str | None = None, **environment: str) -> Alerts:
    """What the block says, in a set of files without errors."""
    files = {"accounts.yml": f"{ACCOUNTS}{text}".encode(), "shop.yml": GOOD.encode()}
    made = compile_files(files, {**ENVIRONMENT, **environment}, placeholder=placeholder)
    assert [str(one) for one in made.findings if one.is_error] == []
    return made.alerts


def test_without_the_block_there_are_no_alerts() -> None:
    assert alerts("") == Alerts()
    assert not any(Alerts().wants(kind) for kind in ALERT_KINDS)


def test_a_url_gets_all_kinds_of_alerts_unless_kinds_are_chosen() -> None:
    result = alerts("alerts: {url: 'https://example.org/hook?chat=5'}")
    assert result == Alerts("https://example.org/hook?chat=5")
    assert all(result.wants(kind) for kind in ALERT_KINDS)
    chosen = alerts("alerts: {url: 'https://example.org', kinds: [paused, silent]}")
    assert [kind for kind in ALERT_KINDS if chosen.wants(kind)] == ["paused", "silent"]


def test_an_address_may_be_a_secret_and_is_never_printed() -> None:
    result = alerts("alerts: {url: '${ALERT_URL}'}", ALERT_URL=SECRET_URL)
    assert result.url == SECRET_URL
    assert "canary" not in repr(result)


def test_a_secret_that_is_not_a_url_is_not_shown_in_the_finding() -> None:
    files = {
        "accounts.yml": f"{ACCOUNTS}alerts: {{url: '${{ALERT_URL}}'}}".encode(),
        "shop.yml": GOOD.encode(),
    }
    made = compile_files(files, {**ENVIRONMENT, "ALERT_URL": "canary-51"})
    assert [str(one) for one in made.findings] == [
        "accounts.yml:2:15: M209 expected a URL such as https://example.com/hook, found another text"
    ]


def test_the_placeholder_of_a_secret_is_not_a_url() -> None:
    assert alerts("alerts: {url: '${ALERT_URL}'}", placeholder="sandbox").url == ""


@pytest.mark.parametrize(
    ("whom", "recipient"),
    [
        ("subscriber_id: 77", Recipient(subscriber_id=77)),
        ("user_id: '5', channel_id: '9'", Recipient(user_id="5", channel_id="9")),
    ],
)
def test_an_alert_may_start_a_bot(whom: str, recipient: Recipient) -> None:
    result = alerts(f"alerts: {{start: {{account: second, bot_id: 12, {whom}}}}}")
    assert result.start == AlertStart("second", 12, recipient)
    assert result.wants("uncertain")


def test_the_default_account_is_main() -> None:
    result = alerts("alerts: {start: {bot_id: 12, subscriber_id: 77}}")
    assert result.start == AlertStart("main", 12, Recipient(subscriber_id=77))


def test_sources_that_fall_silent_are_missed_after_their_time() -> None:
    result = alerts("alerts: {url: 'https://example.org', silence: {shop: 24h}}")
    assert result.silence == {"shop": 86_400}


def test_unencrypted_addresses_are_warned_of_unless_they_are_here() -> None:
    files = {
        "accounts.yml": f"{ACCOUNTS}alerts: {{url: 'http://example.org/a'}}".encode(),
        "shop.yml": GOOD.encode(),
    }
    made = compile_files(files, ENVIRONMENT)
    assert [str(one) for one in made.findings] == [
        "accounts.yml:2:15: W503 the alert travels unencrypted over http; write https"
    ]
    assert alerts("alerts: {url: 'http://127.0.0.1:9000/alert'}").url == "http://127.0.0.1:9000/alert"


def test_a_source_that_is_missed_must_be_there() -> None:
    text = f"{ACCOUNTS}alerts: {{url: 'https://example.org', silence: {{shp: 24h}}}}"
    made = compile_files({"accounts.yml": text.encode(), "shop.yml": GOOD.encode()}, ENVIRONMENT)
    assert [str(one) for one in made.findings] == [
        'accounts.yml:2:48: M106 "shp" is not one of shop; did you mean "shop"?'
    ]


def test_silent_sources_are_not_checked_if_a_mapping_file_has_errors() -> None:
    text = f"{ACCOUNTS}alerts: {{url: 'https://example.org', silence: {{crm: 24h}}}}"
    files = {"accounts.yml": text.encode(), "shop.yml": GOOD.encode(), "crm.yml": b"source: ["}
    assert {one.path for one in compile_files(files, ENVIRONMENT).findings} == {"crm.yml"}
