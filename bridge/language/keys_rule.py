"""Keys of a mapping file: its rules, their starts and its tests, and all keys at its top."""

from __future__ import annotations

from bridge.language.keys_source import SOURCE_KEYS
from bridge.language.schema import FLAG, TEXT, Key, ListOf, MapOf, Plain, Raw, Table
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

ORDERS = ("relaxed", "strict", "none")
ON_UNCERTAIN = ("hold", "resend")

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
            ListOf(Raw("recipient")),
            "list of recipients; the first that the event contains is used",
        ),
        Key("variables", MapOf(Raw("value")), "variables of the bot, by name", default={}),
        Key("forced", FLAG, "start the bot even if the subscriber has unsubscribed", default=False),
    ),
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
        Key("start", Raw("start"), "bot start"),
        Key("stop", FLAG, "if this rule matches, do not try later rules", default=False),
        Key("account", TEXT, "LeadConverter account, if it is not the account of the file"),
        Key(
            "expires",
            Plain("duration", at_least=1),
            "time after which a start is no longer sent",
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
    ),
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
    ),
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
            "expect",
            ListOf(Raw("expected start"), or_one=True),
            "expected starts, in order; [] for none; {failed: [rule]} for rules that match but lack a value",
        ),
        Key("failed", ListOf(TEXT), "rules that match but lack a value, in addition to `expect`", default=()),
    ),
)

MAPPING_KEYS = (
    Key("account", TEXT, "LeadConverter account of the starts", default="main"),
    Key("rules", ListOf(Raw("rule")), "rules that decide which bots to start", default=()),
    Key("tests", ListOf(Raw("test")), "examples that `leadbridge test` checks", default=()),
)
"""Keys of a mapping file other than those of its source."""

FILE = Table(Reason(FindingCode.NOUN_MAPPING_FILE), SOURCE_KEYS + MAPPING_KEYS)
"""Every key at the top of a mapping file."""
