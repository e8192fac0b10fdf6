"""Every key of `mappings/accounts.yml`."""

from __future__ import annotations

from bridge.language.keys_rule import ON_UNCERTAIN
from bridge.language.schema import RATE, SECRET, TEXT, Key, MapOf, Plain, Raw, Table

DEFAULT_URL = "https://leadconverter.ru"

ACCOUNT = Table(
    "account",
    (
        Key("token", SECRET, "the project's API token, as ${NAME}", required=True),
        Key("url", TEXT, f"where the API is, {DEFAULT_URL} unless LEADCONVERTER_URL says otherwise"),
        Key("rate", RATE, "calls that may go out in a time, across all processes", default=5.0),
        Key("burst", Plain("integer", at_least=1), "calls that may go out at once after a rest", default=5),
        Key(
            "parameters",
            Plain("text", ("auto", "query", "form")),
            "where parameters travel; auto: in a form only when the URL would pass 7,000 bytes",
            default="auto",
        ),
        Key("forced_value", TEXT, "how a forced start is spelled", default="true"),
        Key(
            "server_error",
            Plain("text", ("retry", "hold")),
            "after a complete 5xx answer; hold: a person decides",
            default="retry",
        ),
        Key(
            "on_uncertain",
            Plain("text", ON_UNCERTAIN),
            "when a call may have run; resend: once, by itself",
            default="hold",
        ),
        Key(
            "call_id_variable",
            Plain("text", nullable=True),
            "variable that carries each call's id, so that a bot can tell a repeat",
        ),
    ),
)

ACCOUNTS = Table(
    "accounts file",
    (
        Key("accounts", MapOf(Raw("account")), "LeadConverter projects by name", required=True),
        Key("alerts", Raw("later"), "not available yet"),
    ),
)
