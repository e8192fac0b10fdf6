"""Every key of `mappings/accounts.yml`."""

from __future__ import annotations

from bridge.language.keys_rule import ON_UNCERTAIN
from bridge.language.schema import DURATION, RATE, SECRET, TEXT, Key, ListOf, MapOf, Plain, Raw, Table
from bridge.model import ALERT_KINDS
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

DEFAULT_URL = "https://leadconverter.ru"

ACCOUNT = Table(
    Reason(FindingCode.NOUN_ACCOUNT),
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
            Plain("text", ("hold", "retry")),
            "after a complete 5xx answer other than 501, 503, 505, which may come after the bot was started; "
            "hold: the call is uncertain, retry: it is sent again",
            default="hold",
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
        Key(
            "success",
            Raw("success"),
            "conditions that a 2xx answer must meet; without them signs of failure are looked for",
        ),
        Key(
            "probe",
            Plain("text", ("empty", "connect")),
            "how an open breaker asks whether LeadConverter is back; empty: a POST without parameters, which "
            "starts nothing, connect: a connection without a request",
            default="empty",
        ),
    ),
)

ALERT_START = Table(
    Reason(FindingCode.NOUN_ALERT_START),
    (
        Key("account", TEXT, "the account that starts it", default="main"),
        Key(
            "bot_id",
            Plain("integer", at_least=1),
            "the bot that tells you; it gets the variables alert, count, since and text",
            required=True,
        ),
        Key("subscriber_id", Plain("integer", at_least=1), "you, as a subscriber"),
        Key("user_id", TEXT, "you, in a messenger"),
        Key("channel_id", TEXT, "the messenger's channel"),
    ),
)

ALERTS = Table(
    "alerts",
    (
        Key("url", TEXT, "where JSON with alert, count, since and text is posted to; or as ${NAME}"),
        Key("start", ALERT_START, "a bot start that tells you, queued like any other"),
        Key(
            "kinds",
            ListOf(Plain("text", ALERT_KINDS)),
            "what to tell of: calls that are uncertain, calls refused or given up, paused accounts, failing "
            "rules, unreadable bodies, ambiguous ids, silent sources; each at most once in ten minutes",
            default=ALERT_KINDS,
        ),
        Key(
            "silence",
            MapOf(DURATION),
            "after how long without an event a source is silent",
            default={},
        ),
    ),
)

ACCOUNTS = Table(
    Reason(FindingCode.NOUN_ACCOUNTS_FILE),
    (
        Key("accounts", MapOf(Raw("account")), "LeadConverter projects by name", required=True),
        Key("alerts", ALERTS, "how you are told when something needs you"),
    ),
)
