from __future__ import annotations

import pytest

from bridge.model import Outcome
from bridge.store.db.notify import listen
from bridge.store.reports import audit
from bridge.text.render import english
from tests.commands.conftest import BOT, Office
from tests.store import given

MENDED = BOT.replace("subscriber_id: $.subscriber", "subscriber_id: {path: $.subscriber, default: 99}")


def recipients(office: Office) -> dict[int, str]:
    return dict(given.rows(office.store, "SELECT id, recipient FROM calls"))


def test_a_failed_event_starts_its_bot_after_the_rule_is_corrected(office: Office) -> None:
    office.webhook(subscriber=None)
    office.write("mappings/shop.yml", MENDED)
    ran = office.run("replay", "1")
    assert (ran.code, ran.lines) == (0, ["event 1: paid → bot 7 for subscriber:99"])
    assert ran.err.startswith("1 event replayed, 1 call added, 0 failed, ")
    assert recipients(office) == {1: "subscriber:99"}
    (event,) = office.run("events", "--json").json
    assert event["result"] == "matched"
    assert "✓ paid: matched" in office.run("explain", "1").lines


def test_a_rule_that_still_lacks_a_value_says_so_and_fails(office: Office) -> None:
    office.webhook(subscriber=None)
    ran = office.run("replay", "1")
    assert ran.code == 1
    assert ran.lines[0].startswith("event 1: paid lacks subscriber_id: $.subscriber is null")
    assert office.states() == {}


@pytest.mark.parametrize("state", ["done", "uncertain", "queued", "sending"])
def test_a_start_that_has_its_call_gets_no_second_one(office: Office, state: str) -> None:
    office.webhook()
    if state == "sending":
        given.claim(office.store)
    elif state != "queued":
        office.settle(state)
    ran = office.run("replay", "1")
    assert ran.code == 0
    assert ran.lines[0].startswith(f"event 1: paid: call 1 is {state}")
    assert office.states() == {1: state}


@pytest.mark.parametrize("state", ["refused", "exhausted", "expired"])
def test_a_call_that_never_ran_is_made_anew_by_the_rules_of_today(office: Office, state: str) -> None:
    office.webhook()
    office.settle(state)
    office.write("mappings/shop.yml", BOT.replace("bot_id: 7", "bot_id: 8"))
    ran = office.run("replay", "1")
    assert ran.lines == [f"event 1: paid → bot 8 for subscriber:12, again: call 1 is {state}"]
    (new, old) = office.run("calls", "--json").json
    assert (new["parent"], new["bot_id"], new["state"]) == (1, 8, "queued")
    assert old["state"] == state


def test_a_call_that_was_once_in_doubt_is_made_anew_only_with_again(office: Office) -> None:
    office.webhook()
    office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN))
    office.run("resolve", "1", "--cancel")
    assert office.run("replay", "1").lines == ["event 1: paid: call 1 is cancelled (--again repeats it)"]
    assert office.run("replay", "1", "--rules", "original").lines == ["event 1: no unsent call"]
    office.run("replay", "1", "--again")
    assert office.states() == {1: "cancelled", 2: "queued"}


def test_again_makes_a_new_call_with_the_old_one_as_its_parent(office: Office) -> None:
    office.webhook()
    office.settle("done")
    ran = office.run("replay", "1", "--again", "--why", "the customer asked")
    assert ran.lines == ["event 1: paid → bot 7 for subscriber:12, again: call 1 is done"]
    (new, old) = office.run("calls", "--json").json
    assert (new["parent"], new["state"], old["state"]) == (1, "queued", "done")
    with office.store.read() as connection:
        (action,) = audit.of(connection, "event", 1)
    assert (english(action.what), action.why) == ("replay", "the customer asked")
    assert action.who


def test_again_leaves_a_call_alone_that_is_under_way_or_in_doubt(office: Office) -> None:
    office.webhook()
    assert office.run("replay", "1", "--again").lines == ["event 1: paid: call 1 is queued"]
    office.settle("uncertain", shown=given.attempt(Outcome.UNCERTAIN))
    assert office.run("replay", "1", "--again").lines == [
        "event 1: paid: call 1 is uncertain, settle it with: leadbridge resolve 1"
    ]
    assert office.states() == {1: "uncertain"}


def test_a_rule_under_a_new_name_starts_nobody_twice(office: Office) -> None:
    office.webhook()
    office.settle("done")
    office.write(
        "mappings/shop.yml",
        BOT.replace("name: paid", "name: order paid").replace("rule: paid", "rule: order paid"),
    )
    ran = office.run("replay", "1")
    assert ran.lines == ["event 1: order paid: call 1 is done (--again repeats it)"]
    assert office.states() == {1: "done"}


def test_a_rule_that_is_no_longer_in_shadow_starts_its_bot(office: Office) -> None:
    office.write("mappings/shop.yml", BOT.replace("    start:", "    shadow: true\n    start:"))
    office.webhook()
    assert office.run("replay", "1").lines == ["event 1: paid: call 1 is cancelled"]
    office.write("mappings/shop.yml", BOT)
    office.run("replay", "1")
    assert office.states() == {1: "cancelled", 2: "queued"}


def test_original_rules_queue_exactly_the_stored_requests_of_calls_that_were_not_sent(office: Office) -> None:
    office.webhook(id="a")
    office.settle("refused")
    office.webhook(id="b", subscriber=13)
    office.settle("done")
    office.webhook(id="c", subscriber=14)
    office.run("resolve", "3", "--cancel")
    office.write("mappings/shop.yml", BOT.replace("bot_id: 7", "bot_id: 8"))
    ran = office.run("replay", "1", "2", "3", "--rules", "original", "--yes")
    assert ran.lines == [
        "event 1: original requests, calls 1 (refused)",
        "event 2: no unsent call",
        "event 3: original requests, calls 3 (cancelled)",
    ]
    new = [call for call in office.run("calls", "--json").json if call["parent"]]
    assert [(call["parent"], call["bot_id"]) for call in new] == [(3, 7), (1, 7)]


def test_original_rules_need_no_mapping_files(office: Office) -> None:
    office.webhook()
    office.settle("refused")
    office.write("mappings/shop.yml", "broken: [")
    assert office.run("replay", "1", "--rules", "original").code == 0


def test_a_dry_run_shows_the_same_lines_and_changes_nothing(office: Office) -> None:
    office.webhook(id="a")
    office.settle("refused")
    office.webhook(id="b", subscriber=None)
    office.webhook(body=b"nonsense")
    dry = office.run("replay", "1", "2", "3", "--dry-run")
    assert office.states() == {1: "refused"}
    assert dry.err.splitlines()[-1].startswith(
        "3 events would be replayed, 1 call would be added, 2 failed, "
    )
    real = office.run("replay", "1", "2", "3", "--yes")
    assert real.lines == dry.lines
    assert office.states() == {1: "refused", 2: "queued"}


def test_several_events_are_counted_and_not_touched_without_a_yes(office: Office) -> None:
    for number in range(3):
        office.webhook(id=f"o-{number}", subscriber=None)
    office.write("mappings/shop.yml", MENDED)
    ran = office.run("replay", "--result", "failed")
    assert ran.code == 1
    assert ran.err == (
        "3 events would be replayed with the current rules\n"
        "error: cannot ask for confirmation: stdin is not a terminal\n"
        "hint: look with --dry-run first, then pass --yes\n"
    )
    assert office.states() == {}
    agreed = office.run("replay", "--result", "failed", "--yes")
    assert agreed.code == 0
    assert [line.split()[1] for line in agreed.lines] == ["1:", "2:", "3:"]
    assert office.states() == {1: "queued", 2: "queued", 3: "queued"}


def test_a_filter_that_finds_nothing_is_no_error(office: Office) -> None:
    ran = office.run("replay", "--result", "failed", "--yes")
    assert (ran.code, ran.out, ran.err) == (0, "", "no event fits\n")


@pytest.mark.parametrize("words", [(), ("1", "--result", "failed")])
def test_either_numbers_or_a_filter_is_wanted(office: Office, words: tuple[str, ...]) -> None:
    ran = office.run("replay", *words)
    assert ran.code == 2
    assert ran.err.startswith("error: expected either the numbers of events or a filter\n")


def test_an_event_that_is_not_there_stops_the_replay(office: Office) -> None:
    assert office.run("replay", "9").err.startswith("error: there is no event 9\n")


def test_broken_mappings_are_not_replayed_with(office: Office) -> None:
    office.webhook(subscriber=None)
    office.write("mappings/shop.yml", BOT.replace("rules:", "rulez:"))
    ran = office.run("replay", "1")
    assert ran.code == 1
    assert ran.err.endswith("hint: run: leadbridge check\n")


def test_a_webhook_that_could_not_be_read_is_read_again_once_its_source_can(office: Office) -> None:
    form = b"id=o-1&type=order&status=paid&amount=250&subscriber=12&name=x"
    office.webhook(body=form, kind="text/plain")
    assert office.run("replay", "1").lines[0].startswith("event 1: still unreadable: ")
    office.write("mappings/shop.yml", BOT.replace("profile: json", "profile: form").split("tests:")[0])
    ran = office.run("replay", "1")
    assert (ran.code, ran.lines) == (0, ["event 1: read again as event 2"])
    assert recipients(office) == {1: "subscriber:12"}
    assert office.run("replay", "1").lines == ["event 1: it is ignored and holds nothing to replay"]
    assert office.states() == {1: "queued"}


def test_a_source_that_is_gone_is_reported(office: Office) -> None:
    office.webhook(subscriber=None)
    office.write("mappings/shop.yml", BOT.replace("source: shop", "source: other"))
    ran = office.run("replay", "1")
    assert (ran.code, ran.lines) == (1, ["event 1: no mapping file has its source shop any more"])


def test_secrets_that_are_not_set_in_this_terminal_are_not_needed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.webhook(subscriber=None)
    office.write("mappings/shop.yml", MENDED)
    monkeypatch.delenv("SHOP_SECRET")
    monkeypatch.delenv("LEADCONVERTER_TOKEN")
    assert office.run("replay", "1").code == 0


def test_the_dispatchers_are_woken(office: Office) -> None:
    office.webhook(subscriber=None)
    office.write("mappings/shop.yml", MENDED)
    listener = listen(office.store)
    try:
        office.run("replay", "1")
        assert listener.wait(10)
    finally:
        listener.close()


def test_a_repeat_with_another_outcome_becomes_an_event_of_its_own_once(office: Office) -> None:
    office.webhook()
    office.webhook(subscriber=13)
    assert recipients(office) == {1: "subscriber:12"}
    plan = office.run("replay", "--repeat", "1", "--dry-run")
    assert plan.lines == ["repeat 1 of event 1 would be an event: paid → bot 7 for subscriber:13"]
    assert recipients(office) == {1: "subscriber:12"}
    ran = office.run("replay", "--repeat", "1", "--why", "another buyer")
    (new, _) = office.run("events", "--json").json
    assert ran.lines == [f"repeat 1 of event 1 is event {new['id']}: paid → bot 7 for subscriber:13"]
    assert sorted(recipients(office).values()) == ["subscriber:12", "subscriber:13"]
    (action,) = office.run("explain", "1", "--json").json["actions"]
    assert (action["what"], action["why"]) == (f"take repeat 1 as event {new['id']}", "another buyer")
    (made,) = office.run("explain", str(new["id"]), "--json").json["actions"]
    assert made["what"] == "created from repeat 1 of event 1"
    again = office.run("replay", "--repeat", "1")
    assert (again.code, again.out) == (1, "")
    assert f"repeat 1 is event {new['id']} already" in again.err
    assert len(recipients(office)) == 2
    assert f"taken as event {new['id']}" in office.run("events", "--repeats").out


def test_a_repeat_of_the_same_content_is_no_event(office: Office) -> None:
    office.webhook()
    office.webhook()
    ran = office.run("replay", "--repeat", "1")
    assert (ran.code, recipients(office)) == (1, {1: "subscriber:12"})
    assert "it has the content of its event" in ran.err
    assert "there is no repeat 9" in office.run("replay", "--repeat", "9").err
    assert "--repeat goes with" in office.run("replay", "1", "--repeat", "1").err
