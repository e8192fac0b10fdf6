"""Keys of `mappings/accounts.yml`."""

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
        Key("token", SECRET, "API token of the project, as ${NAME}", required=True),
        Key(
            "url",
            TEXT,
            f"address of the API; by default LEADCONVERTER_URL, or {DEFAULT_URL} if that is not set",
        ),
        Key(
            "rate",
            RATE,
            "the most calls that all processes together send in a time, such as 5/s",
            default=5.0,
        ),
        Key("burst", Plain("integer", at_least=1), "calls that may be sent at once after a pause", default=5),
        Key(
            "parameters",
            Plain("text", ("auto", "query", "form")),
            "where parameters are sent; auto: in a form only if the URL would be longer than 7,000 bytes",
            default="auto",
        ),
        Key("forced_value", TEXT, "value of the parameter `forced` of a forced start", default="true"),
        Key(
            "server_error",
            Plain("text", ("hold", "retry")),
            "what to do after a complete 5xx answer other than 501, 503, 505, as the bot may have started; "
            "hold: make the call uncertain, retry: send it again",
            default="hold",
        ),
        Key(
            "on_uncertain",
            Plain("text", ON_UNCERTAIN),
            "what to do with a call that may have run; hold: wait for a decision, resend: send it once more",
            default="hold",
        ),
        Key(
            "call_id_variable",
            Plain("text", nullable=True),
            "variable that receives each call's id, so that a bot can recognise a repeat",
        ),
        Key(
            "success",
            Raw("success"),
            "conditions that a 2xx answer must meet; without them the bridge looks for signs of failure",
        ),
        Key(
            "probe",
            Plain("text", ("empty", "connect")),
            "how an open breaker checks whether LeadConverter is available; empty: a POST without "
            "parameters, which starts nothing, connect: a connection without a request",
            default="empty",
        ),
        Key("timezone", TEXT, "time zone of rules with `at`, such as Europe/Moscow"),
    ),
)

ALERT_START = Table(
    Reason(FindingCode.NOUN_ALERT_START),
    (
        Key("account", TEXT, "account that starts the bot", default="main"),
        Key(
            "bot_id",
            Plain("integer", at_least=1),
            "bot that alerts you; it gets the variables alert, count, since and text",
            required=True,
        ),
        Key("subscriber_id", Plain("integer", at_least=1), "your id as a subscriber"),
        Key("user_id", TEXT, "your id in a messenger"),
        Key("channel_id", TEXT, "id of the messenger channel"),
    ),
)

ALERTS = Table(
    "alerts",
    (
        Key("url", TEXT, "URL to which JSON with alert, count, since and text is posted; or ${NAME}"),
        Key("start", ALERT_START, "bot start that alerts you, queued like any other"),
        Key(
            "kinds",
            ListOf(Plain("text", ALERT_KINDS)),
            "what to alert of: uncertain calls, calls that ended without a start, paused accounts, "
            "failing rules, unreadable bodies, ambiguous ids, silent sources; "
            "each at most once in ten minutes",
            default=ALERT_KINDS,
        ),
        Key(
            "silence",
            MapOf(DURATION),
            "time without an event after which a source is silent, by source",
            default={},
        ),
    ),
)

ACCOUNTS = Table(
    Reason(FindingCode.NOUN_ACCOUNTS_FILE),
    (
        Key("accounts", MapOf(Raw("account")), "LeadConverter projects by name", required=True),
        Key("alerts", ALERTS, "how to alert you when something needs your attention"),
    ),
)
