"""What to write for keys and values of other systems: n8n, Zapier, Make, schedulers, job queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason


def _named(**names: str) -> dict[str, Reason]:
    """The advice to write this key, for each of the names."""
    advice = {key: Reason(FindingCode.DID_YOU_MEAN, name=key) for key in names}
    return {name: advice[key] for key, texts in names.items() for name in texts.split()}


def _advised(*pairs: tuple[FindingCode, str]) -> dict[str, Reason]:
    """The advice with this code, for each of the names."""
    return {name: Reason(code) for code, names in pairs for name in names.split()}


def _choices(**choices: str) -> tuple[tuple[str, str], ...]:
    """Each word with the choice that it means."""
    return tuple((word, choice) for choice, words in choices.items() for word in words.split())


RULE_ADVICE: Final[Mapping[str, Reason]] = {
    **_advised(
        (
            FindingCode.WRITE_AFTER,
            "delay delayfor delayby wait waitfor sleep pause pausefor timer in duration startafter",
        ),
        (
            FindingCode.WRITE_AT,
            "delayuntil waituntil until schedule scheduled scheduleat scheduledat sendat runat startat "
            "executeat whenat atime datetime date",
        ),
        (
            FindingCode.WRITE_BEFORE,
            "before daysbefore hoursbefore minutesbefore remindbefore reminder offset",
        ),
        (
            FindingCode.WRITE_CANCEL,
            "unless cancelon cancelif cancelwhen stopon stopif stopwhen exit exiton exitwhen exitif goal "
            "except abort abortif abortwhen canceledby cancelledby",
        ),
        (FindingCode.WRITE_DEBOUNCE, "debounce coalesce restart reset collapse"),
        (
            FindingCode.WRITE_THROTTLE,
            "throttle limit ratelimit rate frequency maxperday cooldown dedupe dedup unique",
        ),
        (
            FindingCode.WRITE_EVENT,
            "cron crontab every repeat interval recurring recurrence weekly daily hourly monthly rrule",
        ),
        (
            FindingCode.WRITE_HOURS,
            "businesshours workinghours officehours workhours quiet quiethours silence window timewindow "
            "donotdisturb dnd weekdays workdays",
        ),
        (FindingCode.WRITE_RULES, "steps step sequence series drip chain followup followups"),
    ),
    **_named(
        tz="timezone zone",
        expires="ttl expiresin expiresafter expiry expiration deadline validfor giveupafter timeout",
        at_most="maxdelay maxwait atmax atmost",
        late="onlate iflate misfire ifpassed missed",
        key="errand job jobid jobkey dedupkey group correlationid idempotencykey",
        again="onduplicate ifexists onconflict conflict duplicates strategy policy mode",
        cancel="stops ends cancels kill",
        when="if filter filters condition conditions trigger on where match",
        start="action actions bot do then run send message",
        for_each="foreach loop each iterate",
        name="title id label",
        account="project",
    ),
}
"""Keys of a rule."""

TIME_ADVICE: Final[Mapping[str, Reason]] = {
    **_named(time="hour hours minute minutes clock at oclock", day="days"),
    **_advised((FindingCode.WRITE_ONE_DAY, "weekday weekdays dayofweek date month every")),
}
"""Keys of `at` as a time of day."""

CANCEL_ADVICE: Final[Mapping[str, Reason]] = _named(
    key="rule name id errand keys", **{"for": "lasts during ttl within until"}
)

TEST_ADVICE: Final[Mapping[str, Reason]] = _named(
    now="receivedat received time at clock date",
    cancelled="cancels cancel canceled",
    expect="expected starts",
)

EXPECTED_ADVICE: Final[Mapping[str, Reason]] = _named(due="after at dueat time when", rule="name")

AGAIN_WORDS: Final = _choices(
    keep="ignore skip drop first once reject",
    replace="overwrite update reset restart last latest newest debounce",
    add="both all append queue parallel every",
)
LATE_WORDS: Final = _choices(
    send="run start now immediately true yes", skip="drop ignore never false no cancel"
)
_WEEKDAYS: Final = "monday tuesday wednesday thursday friday saturday sunday"
_SHORT_DAYS: Final = "mon tue wed thu fri sat sun today"
DAY_WORDS: Final[tuple[tuple[str, str | Reason], ...]] = (
    *_choices(next="tomorrow"),
    *((day, Reason(FindingCode.WRITE_ONE_DAY)) for day in f"{_SHORT_DAYS} {_WEEKDAYS}".split()),
)
