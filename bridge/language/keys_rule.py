"""Keys of a mapping file: its rules, their starts and its tests, and all keys at its top."""

from __future__ import annotations

from bridge.language.keys_elsewhere import (
    AGAIN_WORDS,
    CANCEL_ADVICE,
    DAY_WORDS,
    EXPECTED_ADVICE,
    LATE_WORDS,
    RULE_ADVICE,
    TEST_ADVICE,
    TIME_ADVICE,
)
from bridge.language.keys_source import SOURCE_KEYS
from bridge.language.schema import FLAG, TEXT, Key, ListOf, MapOf, Plain, Raw, Table
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

ORDERS = ("relaxed", "strict", "none")
ON_UNCERTAIN = ("hold", "resend")
AGAIN = ("keep", "replace", "add")
LATE = ("send", "skip")
_AGAIN = Plain("text", AGAIN, others=AGAIN_WORDS)
_LATE = Plain("text", LATE, others=LATE_WORDS)
_DAY = Plain("text", ("next",), others=DAY_WORDS)

RECIPIENT_KEYS = (
    Key("subscriber_id", Raw("value"), "subscriber's id in LeadConverter"),
    Key("user_id", Raw("value"), "person's id in the messenger; needs channel_id"),
    Key("channel_id", Raw("value"), "id of the messenger channel; needs user_id"),
)
RECIPIENT = Table(Reason(FindingCode.NOUN_RECIPIENT), RECIPIENT_KEYS)

START = Table(
    "start",
    (
        Key("bot_id", Raw("value"), "bot to start", required=True),
        *RECIPIENT.keys,
        Key(
            "first_of",
            ListOf(Raw("recipient", RECIPIENT)),
            "list of recipients; the first that the event contains is used",
        ),
        Key("variables", MapOf(Raw("value")), "variables of the bot, by name", default={}),
        Key("forced", FLAG, "start the bot even if the subscriber has unsubscribed", default=False),
    ),
)

TIME_OF_DAY = Table(
    "at",
    (
        Key("time", TEXT, "time of day, such as 10:00: its next occurrence after receipt", required=True),
        Key("day", _DAY, "next: on the following calendar day"),
    ),
    TIME_ADVICE,
)

CANCEL = Table(
    "cancel",
    (
        Key("key", Raw("value"), "errand to end: its calls that are not being sent yet", required=True),
        Key(
            "for",
            Plain("duration", at_least=1),
            "time during which later starts of the errand end, too; at most 90d, none by default",
        ),
    ),
    CANCEL_ADVICE,
)

RULE = Table(
    Reason(FindingCode.NOUN_RULE),
    (
        Key("name", TEXT, "name of the rule, unique in its file", required=True),
        Key("enabled", FLAG, "false disables the rule", default=True),
        Key("for_each", TEXT, "path of the items of a list; makes one start for each item, which is $item"),
        Key(
            "when",
            Raw("conditions"),
            "conditions, all of which must hold; without `when` every event matches",
        ),
        Key("start", Raw("start", START), "bot start"),
        Key("stop", FLAG, "if this rule matches, do not try later rules", default=False),
        Key("account", TEXT, "LeadConverter account, if it is not the account of the file"),
        Key(
            "expires",
            Plain("duration", at_least=1),
            "time after which a start is no longer sent, from when it is due",
            default=86400,
        ),
        Key(
            "order",
            Plain("text", ORDERS),
            "whether a start waits for earlier starts of the same recipient",
            default="relaxed",
        ),
        Key(
            "on_uncertain",
            Plain("text", ON_UNCERTAIN),
            "what to do with a call that may have run; by default as in the account",
        ),
        Key("shadow", FLAG, "record the start, never send it", default=False),
        Key("after", Plain("duration", at_least=1), "time to wait from receipt of the webhook; at most 400d"),
        Key(
            "at",
            Raw("at", TIME_OF_DAY),
            "when to start the bot: a value that is a time, or {time: 10:00}; within 400d",
        ),
        Key(
            "late",
            _LATE,
            "what to do if the time has passed at receipt; send: start the bot at once, skip: never",
            default="send",
        ),
        Key("tz", Raw("value"), "time zone of `at`, such as Europe/Moscow; by default that of the account"),
        Key(
            "key",
            Raw("value"),
            "name of the errand, such as cart:{$.cart.id}: rules of the account cancel what waits under it",
        ),
        Key(
            "again",
            _AGAIN,
            "what to do if a start of this rule waits under the key already; keep: only the earlier stays, "
            "replace: only the new one, add: both",
        ),
        Key(
            "at_most",
            Plain("duration", at_least=1),
            "time by which replacements may put off the first start; by default 24h, of an instant any",
            default=86400,
        ),
        Key("cancel", Raw("cancel", CANCEL), "ends an errand"),
    ),
    RULE_ADVICE,
)

EXPECTED = Table(
    Reason(FindingCode.NOUN_EXPECTED_START),
    (
        Key("rule", TEXT, "name of the rule"),
        Key("bot_id", Plain("integer"), "id of the bot"),
        Key("subscriber_id", Plain("integer"), "subscriber's id of the recipient"),
        Key("user_id", TEXT, "id of the recipient in a messenger"),
        Key("channel_id", TEXT, "id of the messenger channel"),
        Key("variables", MapOf(Raw("text")), "all variables"),
        Key("forced", FLAG, "whether the start is forced"),
        Key("account", TEXT, "name of the account"),
        Key("shadow", FLAG, "whether the start is recorded only"),
        Key("due", TEXT, "time before which it does not start, such as 2026-12-01T10:00+03:00"),
    ),
    EXPECTED_ADVICE,
)

FAILED = Table(
    Reason(FindingCode.NOUN_EXPECTED_FAILURE),
    (Key("failed", ListOf(TEXT, or_one=True), "rules that match but lack a value", required=True),),
)

TEST = Table(
    Reason(FindingCode.NOUN_TEST),
    (
        Key("name", TEXT, "name of the test, unique in its file", required=True),
        Key(
            "file",
            TEXT,
            "file with a raw body, next to the mapping file; decoded as the source decodes bodies",
        ),
        Key("body", Raw("document"), "decoded document, in place of `file`"),
        Key("headers", MapOf(TEXT), "request headers", default={}),
        Key("query", TEXT, "query string of the request", default=""),
        Key(
            "now",
            TEXT,
            "time of receipt, such as 2026-11-30T23:40+03:00; write it if a rule has `after` or `at`",
        ),
        Key(
            "expect",
            ListOf(Raw("expected start", EXPECTED), or_one=True),
            "expected starts, in order; [] for none; {failed: [rule]} for rules that match but lack a value",
        ),
        Key("failed", ListOf(TEXT), "rules that match but lack a value, in addition to `expect`", default=()),
        Key("cancelled", ListOf(TEXT), "expected keys of errands that end, in order; [] for none"),
    ),
    TEST_ADVICE,
)

MAPPING_KEYS = (
    Key("account", TEXT, "LeadConverter account of the starts", default="main"),
    Key("rules", ListOf(Raw("rule", RULE)), "rules that decide which bots to start", default=()),
    Key("tests", ListOf(Raw("test", TEST)), "examples that `leadbridge test` checks", default=()),
)
"""Keys of a mapping file other than those of its source."""

FILE = Table(Reason(FindingCode.NOUN_MAPPING_FILE), SOURCE_KEYS + MAPPING_KEYS)
"""Every key at the top of a mapping file."""
