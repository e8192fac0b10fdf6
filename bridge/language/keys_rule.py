"""Every key that the mapping half of a file may have: rules, their starts, and tests."""

from __future__ import annotations

from bridge.language.schema import FLAG, TEXT, Key, ListOf, MapOf, Plain, Raw, Table
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

ORDERS = ("relaxed", "strict", "none")
ON_UNCERTAIN = ("hold", "resend")

RECIPIENT_KEYS = (
    Key("subscriber_id", Raw("value"), "the subscriber's id in LeadConverter"),
    Key("user_id", Raw("value"), "the person's id in the messenger, with channel_id"),
    Key("channel_id", Raw("value"), "the messenger channel's id, with user_id"),
)
LATER = ("contact", "link", "after", "at", "quiet", "limit", "key", "cancel")
"""Keys that the language has and this version does not do yet."""


def _later(*names: str) -> tuple[Key, ...]:
    return tuple(Key(name, Raw("later"), "not available yet") for name in names)


RECIPIENT = Table(Reason(FindingCode.NOUN_RECIPIENT), (*RECIPIENT_KEYS, *_later("contact")))

START = Table(
    "start",
    (
        Key("bot_id", Raw("value"), "which bot is started", required=True),
        *RECIPIENT.keys,
        Key(
            "first_of", ListOf(Raw("recipient")), "several recipients; the first that the event has is taken"
        ),
        Key("variables", MapOf(Raw("value")), "the bot's variables by name", default={}),
        Key("forced", FLAG, "start the bot even if the subscriber has unsubscribed", default=False),
    ),
)

RULE = Table(
    Reason(FindingCode.NOUN_RULE),
    (
        Key("name", TEXT, "what the rule is called, unique in its file", required=True),
        Key("enabled", FLAG, "false switches the rule off", default=True),
        Key("for_each", TEXT, "path of the items of a list; one start for each, known as $item"),
        Key("when", Raw("conditions"), "conditions that must all hold; without it, every event matches"),
        Key("start", Raw("start"), "the bot start"),
        Key("stop", FLAG, "once this rule has matched, later rules are not tried", default=False),
        Key("account", TEXT, "the LeadConverter account, where it is not the file's"),
        Key(
            "expires",
            Plain("duration", at_least=1),
            "after which time a start is not sent any more",
            default=86400,
        ),
        Key(
            "order",
            Plain("text", ORDERS),
            "whether a start waits for the recipient's earlier ones",
            default="relaxed",
        ),
        Key(
            "on_uncertain",
            Plain("text", ON_UNCERTAIN),
            "what to do when a call may have run; else as the account says",
        ),
        Key("shadow", FLAG, "record the start, never send it", default=False),
        *_later("link", "after", "at", "quiet", "limit", "key", "cancel"),
    ),
)

EXPECTED = Table(
    Reason(FindingCode.NOUN_EXPECTED_START),
    (
        Key("rule", TEXT, "name of the rule"),
        Key("bot_id", Plain("integer"), "the bot"),
        Key("subscriber_id", Plain("integer"), "the recipient"),
        Key("user_id", TEXT, "the recipient in a messenger"),
        Key("channel_id", TEXT, "the messenger channel"),
        Key("variables", MapOf(Raw("text")), "all variables"),
        Key("forced", FLAG, "whether it is forced"),
        Key("account", TEXT, "the account"),
        Key("shadow", FLAG, "whether it is recorded only"),
    ),
)

FAILED = Table(
    Reason(FindingCode.NOUN_EXPECTED_FAILURE),
    (Key("failed", ListOf(TEXT, or_one=True), "rules that match but lack a value", required=True),),
)

TEST = Table(
    Reason(FindingCode.NOUN_TEST),
    (
        Key("name", TEXT, "what is shown, unique in its file", required=True),
        Key("file", TEXT, "file with a raw body, beside the mapping file; decoded as the source decodes it"),
        Key("body", Raw("document"), "the decoded document itself"),
        Key("headers", MapOf(TEXT), "request headers", default={}),
        Key("query", TEXT, "query string of the request", default=""),
        Key(
            "expect",
            ListOf(Raw("expected start"), or_one=True),
            "the starts, in order; [] for none; {failed: [rule]} for rules that match but lack a value",
        ),
        Key("failed", ListOf(TEXT), "the same, beside expect", default=()),
    ),
)

MAPPING_KEYS = (
    Key("account", TEXT, "the LeadConverter account that starts go to", default="main"),
    Key("rules", ListOf(Raw("rule")), "what starts which bot", default=()),
    Key("tests", ListOf(Raw("test")), "examples that `leadbridge test` proves", default=()),
)
"""What stands in a mapping file beside the keys of its source."""
