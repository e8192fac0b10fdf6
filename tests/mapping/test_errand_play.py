"""Past events as a play: what would have waited, been replaced, been cancelled, or come too late."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.author.errand_play import Fate, Move, concerns_errands, play
from bridge.model import Again, Application, BotStart, Cancellation, Errand, Recipient

HOUR = 3_600_000
BEGAN = 1_000_000 * HOUR


def start(hours: int = 0, key: str = "", again: Again = "add", rule: str = "r", **more: object) -> BotStart:
    """A start that is due at this hour of the play; 0: at once."""
    errand = Errand(key, again) if key else None
    due = BEGAN + hours * HOUR if hours else 0
    plain = BotStart(rule, 0, "main", Recipient(subscriber_id=5), 7, due_at=due, errand=errand)
    return replace(plain, **more)  # type: ignore[arg-type]


def cancel(key: str, lasts: int = 0, place: int = 0, *, shadow: bool = False) -> Cancellation:
    """A cancellation with a mark of so many hours."""
    return Cancellation("c", 0, "main", key, lasts * 3600, place, shadow)


def fates(*events: tuple[int, BotStart | Cancellation]) -> list[Fate | None]:
    """The fate of each start; each event comes at this hour of the play."""
    moves = []
    for number, (hour, one) in enumerate(events):
        is_start = isinstance(one, BotStart)
        made = Application(
            (one,) if isinstance(one, BotStart) else (),
            (),
            (),
            cancels=() if is_start else (one,),  # type: ignore[arg-type]
        )
        moves.append(Move(BEGAN + hour * HOUR, number, "shop", made))
    return [played.fate for played in play(moves)]


def test_a_start_at_once_has_no_fate_and_a_later_one_waits() -> None:
    assert fates((0, start()), (0, start(2))) == [None, "waited"]


def test_a_later_start_replaces_the_one_that_waits_and_keeps_its_limit() -> None:
    hourly = [(hour, start(hour + 2, "k", "replace")) for hour in range(30)]
    played = play(
        Move(BEGAN + hour * HOUR, hour, "shop", Application((one,), (), ())) for hour, one in hourly
    )
    assert {one.due_at for one in played if one.fate == "waited"} == {BEGAN + 26 * HOUR, BEGAN + 31 * HOUR}
    assert [one.fate for one in played].count("replaced") == 28


def test_what_has_started_is_not_replaced() -> None:
    assert fates((0, start(1, "k", "replace")), (1, start(2, "k", "replace"))) == ["waited", "waited"]


def test_keep_drops_the_later_and_add_keeps_both() -> None:
    assert fates((0, start(2, "k", "keep")), (1, start(3, "k", "keep")), (2, start(4, "k", "keep"))) == [
        "waited",
        "kept",
        "waited",
    ]
    assert fates((0, start(2, "k")), (1, start(3, "k"))) == ["waited", "waited"]


def test_only_starts_of_the_same_rule_replace_each_other() -> None:
    assert fates((0, start(2, "k", "replace", "a")), (1, start(3, "k", "replace", "b"))) == [
        "waited",
        "waited",
    ]
    assert fates((0, start(2, "k", "replace")), (1, start(3, "j", "replace"))) == ["waited", "waited"]


def test_a_cancellation_ends_what_waits_of_any_rule_and_nothing_else() -> None:
    assert fates(
        (0, start(2, "k", rule="a")), (0, start(9, "k", rule="b")), (0, start(9, "j")), (3, cancel("k"))
    ) == ["waited", "cancelled", "waited"]


def test_a_mark_ends_what_comes_until_its_end_and_the_later_end_wins() -> None:
    assert fates(
        (0, cancel("k", 5)), (1, cancel("k", 1)), (4, start(9, "k")), (4, start(0, "k")), (5, start(9, "k"))
    ) == ["marked", "marked", "waited"]


def test_shadow_rules_and_live_rules_are_apart() -> None:
    assert fates((0, start(2, "k", shadow=True)), (1, cancel("k", 5)), (1, start(3, "k", shadow=True))) == [
        "waited",
        "waited",
    ]
    assert fates((0, start(2, "k", shadow=True)), (1, cancel("k", shadow=True))) == ["cancelled"]


def test_a_late_start_is_skipped() -> None:
    assert fates((3, start(2, late="skip")), (3, start(2, "k", "keep"))) == ["late", None]


def test_the_place_of_a_cancellation_counts() -> None:
    def fate(place: int) -> list[Fate | None]:
        made = Application((start(2, "k"), start(2, "k")), (), (), cancels=(cancel("k", place=place),))
        return [one.fate for one in play([Move(BEGAN, 1, "shop", made)])]

    assert fate(0) == ["waited", "waited"]
    assert fate(1) == ["cancelled", "waited"]
    assert fate(2) == ["cancelled", "cancelled"]


def test_events_are_played_by_receipt() -> None:
    moves = [
        Move(BEGAN + HOUR, 1, "shop", Application((), (), (), cancels=(cancel("k"),))),
        Move(BEGAN, 2, "shop", Application((start(5, "k"),), (), ())),
    ]
    assert [one.fate for one in play(moves)] == ["cancelled"]


def test_only_what_waits_or_cancels_is_played() -> None:
    assert not concerns_errands(Application((start(),), (), ()))
    assert concerns_errands(Application((start(1),), (), ()))
    assert concerns_errands(Application((start(0, "k"),), (), ()))
    assert concerns_errands(Application((), (), (), cancels=(cancel("k"),)))


@dataclass
class Slow:
    """The same play, told another way: every call and mark is kept for ever and looked through."""

    calls: list[tuple[BotStart, int, int, list[Fate | None]]] = field(default_factory=list)
    marks: list[tuple[str, bool, int]] = field(default_factory=list)

    def start(self, one: BotStart, now: int) -> list[Fate | None]:
        fate: list[Fate | None] = ["waited" if one.due_at > now else None]
        if one.is_skipped(now):
            fate = ["late"]
        if one.errand is None:
            return fate
        due, limit = one.due_at, one.due_at + one.errand.at_most * 1000
        if any(mark[:2] == (one.errand.key, one.shadow) and mark[2] > now for mark in self.marks):
            return ["marked"]
        live = [
            call
            for call in self.calls
            if call[3][0] == "waited"
            and call[1] > now
            and self.same(call[0], one)
            and call[0].rule == one.rule
        ]
        if live and one.errand.again == "keep":
            return ["kept"]
        if live and one.errand.again == "replace":
            limit = min(call[2] for call in live)
            if due > limit:
                due = limit
                fate[0] = "waited" if due > now else None
            for call in live:
                call[3][0] = "replaced"
        self.calls.append((one, due, limit, fate))
        return fate

    def cancel(self, one: Cancellation, now: int) -> None:
        for call in self.calls:
            errand = call[0].errand
            fits = errand is not None and (errand.key, call[0].shadow) == (one.key, one.shadow)
            if fits and call[1] > now and call[3][0] == "waited":
                call[3][0] = "cancelled"
        self.marks.append((one.key, one.shadow, now + one.lasts * 1000))

    @staticmethod
    def same(one: BotStart, other: BotStart) -> bool:
        return (one.errand and one.errand.key, one.shadow) == (
            other.errand and other.errand.key,
            other.shadow,
        )


KEYS, RULES = st.sampled_from("jk"), st.sampled_from(["a", "b"])
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.builds(
            start,
            st.integers(0, 60),
            KEYS,
            st.sampled_from(["keep", "replace", "add"]),
            RULES,
            shadow=st.booleans(),
            late=st.sampled_from(["send", "skip"]),
        )
        | st.builds(cancel, KEYS, st.integers(0, 9), shadow=st.booleans()),
    ),
    max_size=12,
)


@given(EVENTS)
def test_the_play_is_the_slow_one(events: list[tuple[int, BotStart | Cancellation]]) -> None:
    slow, told = Slow(), []
    for hour, one in sorted(events, key=lambda event: event[0]):
        now = BEGAN + hour * HOUR
        if isinstance(one, BotStart):
            told.append(slow.start(one, now))
        else:
            slow.cancel(one, now)
    assert fates(*sorted(events, key=lambda event: event[0])) == [fate[0] for fate in told]
