"""The list of what is wrong, over made-up facts: every kind, its level, its order and what to do."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from bridge.dispatch.policy.breaker import Breaker, Gate
from bridge.mapping.compile.compiler import Unset
from bridge.model import Finding
from bridge.problems.facts import Facts, Failing, Fault, Keyed, Late, Question, Rejected, Silent
from bridge.problems.listing import problems
from bridge.problems.problem import Kind, Level, Place, Problem, sentence
from bridge.reasons.calls import CallCode
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import GeneralCode, Reason, recorded
from bridge.store.db.tables import FOR_EVER
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.pauses import Pause
from bridge.store.reports.audit import BRIDGE
from bridge.store.reports.call_views import Doubt
from bridge.store.reports.repeat_views import AmbiguousSource
from bridge.store.reports.trends import Unsent
from bridge.store.state.clock import Jump
from bridge.text.catalogue import LANGUAGES, catalogue
from bridge.text.render import capitalised, english, render
from tests.console.tour import PAGES

NOW = 1_800_000_000_000
HOUR = 3_600_000
PAUSED = AccountState("main", paused_at=NOW - HOUR, paused_by="anna", paused_reason="rebuilding")
FAULT = Fault(Reason(ProblemCode.DATABASE_UNUSABLE), (recorded("broken"),))
HELD = Pause("shop", "course paid", NOW - HOUR, "anna", "")
RESTING = Breaker(Gate.OPEN, since=NOW, probe=Reason(CallCode.ANSWERED, status=502))

SHOWN: tuple[tuple[Kind, Level, dict[str, Any]], ...] = (
    ("database", "blocks", {"database": FAULT}),
    ("migrations", "blocks", {"tables": FAULT}),
    ("disk", "blocks", {"disk": FAULT}),
    ("broken", "blocks", {"files": "broken"}),
    ("stale", "bad", {"files": "stale", "files_why": (recorded("shop.yml"),)}),
    ("variables", "bad", {"unset": (Unset("source", "shop", ("A", "B")),)}),
    ("clock", "bad", {"clock": Jump(3_600_000, NOW, FOR_EVER)}),
    ("unknown_account", "bad", {"unknown_accounts": (Unsent("old", 2, 1),)}),
    ("paused", "bad", {"accounts": (PAUSED,)}),
    ("uncertain", "bad", {"doubts": (Doubt("main", "http_502", 3, NOW, NOW),)}),
    ("failing", "bad", {"failing": (Failing("shop", "sold", 2),)}),
    ("unreadable", "bad", {"unreadable": 2}),
    ("ambiguous", "bad", {"ambiguous": (AmbiguousSource("shop", 2, NOW),)}),
    ("empty", "warn", {"files": "empty"}),
    ("late", "warn", {"late": Late("main", 91_000)}),
    ("overdue", "warn", {"overdue": 91_000}),
    ("resting", "warn", {"accounts": (AccountState("main"),), "breakers": {"main": RESTING}}),
    ("held", "warn", {"pauses": (HELD,)}),
    ("unstarted", "warn", {"unstarted": 1}),
    ("answer", "warn", {"answers": (Question("main", "200 {}", 7, "{}"),)}),
    ("rejected", "warn", {"rejected": (Rejected("shop", 1),)}),
    ("silent", "warn", {"silent": (Silent("shop", 2 * HOUR, HOUR),)}),
    ("unknown_rule", "hint", {"unknown_rules": (Keyed("shop", "cart left", 2),)}),
    ("unheard", "hint", {"unheard": ("crm", "shop")}),
)
"""Facts that are wrong by themselves, by what they are to show; in the order of the levels."""
KINDS = [kind for kind, _, _ in SHOWN]


def only(**facts: Any) -> Problem:
    (found,) = problems(Facts(now=NOW, **facts))
    return found


def test_where_nothing_is_wrong_there_is_no_problem() -> None:
    assert problems(Facts()) == ()
    well = (AccountState("main"), AccountState("other"))
    assert problems(Facts(accounts=well, breakers={"main": Breaker()})) == ()


def test_every_kind_is_shown_here() -> None:
    assert sorted(KINDS) == sorted(get_args(Kind))


@pytest.mark.parametrize(("kind", "level", "facts"), SHOWN, ids=KINDS)
def test_a_fact_is_a_problem_of_its_kind_and_level(kind: Kind, level: Level, facts: dict[str, Any]) -> None:
    found = only(**facts)
    assert (found.kind, found.level) == (kind, level)


def test_the_worst_comes_first() -> None:
    # Of the mapping files only one thing can be wrong, and a paused account does not rest.
    together: dict[str, Any] = {}
    for kind, _, facts in reversed(SHOWN):
        if kind not in ("broken", "stale", "resting"):
            together |= facts
    found = [one.level for one in problems(Facts(now=NOW, **together))]
    assert found == sorted(found, key=get_args(Level).index)
    assert {*found} == {*get_args(Level)}
    assert len(found) == len(SHOWN) - 3


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("facts", [facts for _, _, facts in SHOWN], ids=KINDS)
def test_a_problem_is_one_line_without_a_full_stop(facts: dict[str, Any], language: str) -> None:
    found = only(**facts)
    text = render(sentence(found), language)
    assert (text, "\n" in text) == (text.rstrip(". "), False)
    for line in (found.title, *found.lines):
        assert render(line, language) in text
        assert not render(line, language).endswith(".")
    assert found.command in text


@pytest.mark.parametrize("facts", [facts for _, _, facts in SHOWN], ids=KINDS)
def test_every_problem_says_what_to_do(facts: dict[str, Any]) -> None:
    found = only(**facts)
    assert found.command or found.place or found.change or found.kind == "disk"
    assert english(found.about) != ""


@pytest.mark.parametrize("facts", [facts for _, _, facts in SHOWN], ids=KINDS)
def test_the_page_that_a_problem_leads_to_exists_and_its_button_has_words(facts: dict[str, Any]) -> None:
    found = only(**facts)
    assert found.place is None or found.place.page in PAGES
    label = f"overview.step.{found.kind}"
    assert {label in catalogue(language, "console") for language in LANGUAGES} == {found.place is not None}


def test_a_title_begins_with_a_word_or_a_number_so_that_a_capital_never_changes_a_name() -> None:
    codes = {only(**facts).title.code.value for _, _, facts in SHOWN}
    for language in LANGUAGES:
        entries = [catalogue(language, "reasons")[code] for code in codes]
        texts = [text for one in entries for text in ([one] if isinstance(one, str) else one.values())]
        assert [text for text in texts if not re.match(r"[a-zа-я]|\{count\}", text)] == []


def test_an_account_that_is_gone_says_how_many_calls_wait_for_it_and_how_to_send_them() -> None:
    found = only(unknown_accounts=(Unsent("old shop", 2, 1),))
    assert english(sentence(found)) == (
        "3 calls wait for account old shop, which is in no mapping file (1 is not due yet); "
        "they are sent once accounts.yml has account old shop again; "
        "run: leadbridge calls --account 'old shop' --state queued --state waiting"
    )
    assert found.place == Place("calls", {"account": "old shop", "state": "open"})
    one = only(unknown_accounts=(Unsent("old", 0, 1),))
    assert one.place == Place("calls", {"account": "old", "state": "waiting"})


def test_calls_of_a_renamed_rule_are_named_with_what_to_do() -> None:
    assert english(sentence(only(unknown_rules=(Keyed("shop", "cart left", 1),)))) == (
        "1 call waits under a key for rule “cart left” of shop, which is not in its mapping file; "
        "they are sent when they are due, and no other rule keeps or replaces them: give the rule this name "
        "again, or cancel the calls; run: leadbridge calls --state waiting --source shop --rule 'cart left'"
    )


def test_an_account_says_who_paused_it_and_how_to_resume_it() -> None:
    found = only(accounts=(PAUSED,), breakers={"main": RESTING})
    assert english(sentence(found)) == (
        "account main is paused: its calls wait; paused by anna 1 h ago: rebuilding; "
        "run: leadbridge resume account main"
    )
    assert found.change == Place("account_resume", {"account": "main"})
    bare = AccountState("main", paused_at=NOW - 400, paused_by="anna")
    assert "paused by anna 0 s ago; run" in english(sentence(only(accounts=(bare,))))


def test_a_breaker_on_trial_is_still_a_problem() -> None:
    trial = Breaker(Gate.TRIAL, since=NOW)
    found = only(accounts=(AccountState("main"),), breakers={"main": trial})
    assert [english(line) for line in found.lines][:2] == [
        "since 2027-01-15 08:00:00 UTC",
        "they are sent automatically once a probe succeeds",
    ]


def test_a_rule_and_a_source_are_resumed_by_name() -> None:
    assert only(pauses=(HELD,)).command == "leadbridge resume rule 'shop/course paid'"
    whole = only(pauses=(Pause("shop", "", NOW, "anna", ""),))
    assert (english(whole.title), whole.command) == (
        "source shop is paused: its calls wait",
        "leadbridge resume source shop",
    )


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("http_502", "HTTP 502, since 2027-01-15 08:00:00 UTC"),
        ("timeout", "no answer in time, since 2027-01-15 08:00:00 UTC"),
        ("newer", "newer, since 2027-01-15 08:00:00 UTC"),
    ],
)
def test_calls_in_doubt_say_why_and_since_when(cause: str, words: str) -> None:
    found = only(doubts=(Doubt("main", cause, 3, NOW, NOW),))
    assert english(found.lines[0]) == words
    assert found.place == Place("calls", {"state": "uncertain", "account": "main", "cause": cause})


def test_an_odd_value_is_shown_with_its_variable() -> None:
    found = only(
        unset=(Unset("source", "shop", ("A", "B")),), odd_values={"B": recorded("odd"), "C": FAULT.what}
    )
    assert [english(line) for line in found.lines] == [
        "B: “odd”",
        "set it in the environment or in .env",
    ]


def test_a_source_that_never_sent_leads_to_its_address_and_several_to_their_list() -> None:
    one, several = only(unheard=("shop",)), only(unheard=("crm", "shop"))
    assert english(one.title) == "source shop is connected, and has sent nothing yet"
    assert english(several.title) == "2 sources are connected, and have sent nothing yet: crm, shop"
    assert (one.place, several.place) == (
        Place("connect_watch", {"source": "shop"}),
        Place("rules", {}),
    )


def test_a_capital_is_put_before_our_words_only() -> None:
    found = Finding("shop.yml", 1, 2, "M104", Reason(GeneralCode.VERBATIM, text="odd"))
    assert capitalised(found.whole, "en") == "shop.yml:1:2: M104 odd"
    assert capitalised(Reason(ProblemCode.MAKE_ROOM), "ru") == "Освободите место"
    cause = only(doubts=(Doubt("main", "timeout", 1, NOW, NOW),)).lines[0]
    assert capitalised(cause, "ru").startswith("Ответ не пришёл вовремя, с 2027")
    assert capitalised(Reason(GeneralCode.VERBATIM, text="anna"), "en") == "anna"
    assert capitalised(Reason(ProblemCode.SENTENCE, parts=(Reason(ProblemCode.LIVE), "x")), "en")[0] == "C"
    assert capitalised(Reason(ProblemCode.SENTENCE, parts=()), "en") == ""


def test_a_pause_of_the_bridge_is_a_russian_sentence_as_well() -> None:
    chosen = AccountState("main", paused_at=NOW - HOUR, paused_by=BRIDGE, paused_reason="")
    assert "; паузу поставил мост, 1 ч назад; " in render(sentence(only(accounts=(chosen,))), "ru")
