"""What must hold, whatever happens: delivery's promises, checked from outside the code that keeps them.

It knows what was acknowledged, what LeadConverter ran, and every step that was committed; nothing of how the
steps were chosen. The numbers here are those of delivery's page, written down a second time on purpose.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bridge.model import Account, BotStart, Call
from tests.simulation.errands import Errands
from tests.simulation.known import BACKOFF_S, COUNTED, FINAL, LEASE_MS, LIVE, NEXT, TRIES, Known, Try, require
from tests.simulation.memory import Step
from tests.simulation.network import PACED, Answer


@dataclass(slots=True)
class Oracle:
    """Raises Broken as soon as it sees a promise broken."""

    accounts: dict[str, Account]
    calls: dict[int, Known] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    owed: dict[str, BotStart] = field(default_factory=dict)
    """By its tag, every start that some webhook means."""
    gone: set[str] = field(default_factory=set)
    """Owners that died."""
    stopped: set[str] = field(default_factory=set)
    """Owners that stood still for long enough to lose a lease."""
    decided: set[int] = field(default_factory=set)
    """Calls that a person acts upon in the transaction under way."""
    paused: set[str] = field(default_factory=set)
    gates: dict[str, str] = field(default_factory=dict)
    """Of each account's breaker, as last committed."""
    passed: set[str] = field(default_factory=set)
    """Accounts whose breaker is open, and for which a probe found LeadConverter well since it opened."""
    failures: Counter[str] = field(default_factory=Counter)
    """By account, attempts in a row that may have run unseen or found nobody."""
    begun: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    arrival: dict[str, float] = field(default_factory=dict)
    slowed: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a call came to a state in which it does not wait, by the counter's kind and the account."""
    places: int = 0
    """How many calls have become queued."""
    errands: Errands = field(init=False)

    def __post_init__(self) -> None:
        self.errands = Errands(self.calls)

    @property
    def dead(self) -> set[str]:
        """Owners whose leases may have lapsed."""
        return self.gone | self.stopped

    def on_birth(self, made: Call, now: int) -> None:
        """A call was made: one for each start of an event, or a child of one that has ended."""
        start, number = made.start, made.id
        tag = dict(start.variables)["tag"]
        owed = self.owed.get(tag)
        if owed and made.parent:
            owed = replace(owed, shadow=False, due_at=0, errand=None)
        require(owed == start, f"call {number} is not what its webhook means")
        twins = [n for n, one in self.calls.items() if (one.tag, one.parent) == (tag, made.parent)]
        require(not twins, f"call {number} is made a second time, as call {twins} was before")
        parent = self.calls.get(made.parent)
        require(
            not made.parent or (parent is not None and parent.state in FINAL),
            f"call {number} repeats call {made.parent}",
        )
        policy = start.on_uncertain or self.accounts[start.account].on_uncertain
        self.calls[number] = Known(
            account=start.account,
            recipient=start.recipient.key,
            order=start.order,
            resends_by_itself=policy == "resend",
            expires_at=now + start.expires * 1000,
            lasts=start.expires * 1000,
            tag=tag,
            parent=made.parent,
            errand=start.errand.key if start.errand else "",
            again=start.errand.again if start.errand else "",
            shadow=start.shadow,
            wanted_at=start.due_at,
        )
        self.errands.born(number, made.state, now)

    def on_step(self, step: Step, now: int) -> None:
        """One committed step of one call."""
        call = self.calls[step.call]
        where = f"call {step.call}: {step.was} → {step.state}, attempt {step.attempt}"
        require(step.was == call.state or not step.was, f"{where}, but it was seen as {call.state}")
        require(step.was not in FINAL, f"{where}: finals never leave")
        require(step.state in NEXT[step.was], f"{where}: there is no such step")
        require(step.same_request == 1, f"{where}: the request was rendered anew")
        if step.state != step.was:
            self._moved(step, call, now, where)
        if step.state != step.was and step.state not in LIVE:
            self.ends[f"call:{step.state}", call.account] += 1
            code = json.loads(step.reason)["code"] if step.state == "cancelled" else ""
            if code in COUNTED:
                self.ends[COUNTED[code], call.account] += 1
        call.state, call.due_at = step.state, step.due_at
        call.ended_at = now if step.state in FINAL else 0
        self.counts[step.state] += 1

    def on_tallies(self, counted: Counter[tuple[str, str]], events: Counter[str]) -> None:
        """What the counters say after a commit, and how many events there are by result."""
        calls, expected = self.calls.values(), Counter(self.ends)
        expected.update({(f"event:{result}", ""): many for result, many in events.items()})
        expected.update(("rule:matched", "sold") for one in calls if not one.parent)
        for one in calls:
            if one.state in LIVE:
                expected["call:later" if one.state == "waiting" else "call:waiting", one.account] += 1
        require(counted == expected, f"counted is {counted}, expected {expected}")

    def on_accounts(self, paused: set[str], gates: dict[str, str]) -> None:
        """How the accounts stand after a commit."""
        for name, gate in gates.items():
            resumed = name in self.paused and name not in paused
            if self.gates.get(name) == "open" and gate != "open":
                require(
                    resumed or name in self.passed,
                    f"the breaker of {name} lets calls through, and no probe found LeadConverter well",
                )
            if gate != "open" or self.gates.get(name) != "open":
                self.passed.discard(name)
            if gate != "closed" or resumed:
                self.failures[name] = 0
            shut = self.failures[name] < 5 or self.stopped
            require(
                bool(shut),
                f"{self.failures[name]} attempts in a row failed and the breaker of {name} is closed",
            )
        self.paused, self.gates = paused, gates

    def on_probe(self, name: str, passes: bool) -> None:
        """A probe of the account has found something after which a call may be risked, or not."""
        if passes:
            self.passed.add(name)

    def on_first_byte(
        self, number: int, owner: str, attempt: int, row: tuple[str, str, int], now: int
    ) -> None:
        """A request begins to leave; `row` is the call as committed: state, owner, attempt."""
        call = self.calls[number]
        where = f"call {number}, attempt {attempt}: its first byte left"
        require(row == ("sending", owner, attempt), f"{where} while the database says {row}")
        require(attempt in call.tries, f"{where}, but it was never begun")
        require(call.tries[attempt].answer is None, f"{where} twice")
        for other, known in self._lane(call):
            if other == number:
                continue
            open_now = any(one.open and one.owner not in self.dead for one in known.tries.values())
            require(not open_now, f"{where} while call {other} of its recipient is in flight")
            earlier = known.place < call.place and known.blocks(now)
            require(not earlier, f"{where} before call {other} of its recipient ({known.state})")

    def on_run(self, number: int) -> None:
        """LeadConverter ran it."""
        call = self.calls[number]
        call.runs += 1
        require(
            call.runs <= 1 + call.resends + call.risked,
            f"call {number} ran {call.runs} times with {call.resends} recorded resends",
        )

    def at_the_end(self, excused: Callable[[Known], bool]) -> None:
        """Once nothing moves any more: how often each call ran, by the state in which it ended."""
        for number, call in self.calls.items():
            where = f"call {number} is {call.state} and ran {call.runs} times"
            require(call.state not in LIVE or excused(call), f"{where}: it is stuck")
            if call.state == "uncertain":
                one = call.tries[max(call.tries)]
                heard = one.finished and one.meaning != "uncertain" and one.owner not in self.gone
                require(not heard, f"{where}: its late answer was not heard")
            if call.state in LIVE:
                continue
            if not call.doubted and not call.risked:
                require(call.runs == (call.state == "done"), f"{where} though it was never in doubt")

    def _free(self, number: int, account: str, now: int) -> bool:
        """Whether a call that was never in doubt has been due for a while and waits for no other."""
        call = self.calls[number]
        mine = call.account == account and call.state == "queued" and not call.resends
        if not mine or max(call.due_at, call.queued_at) > now - 5_000 or call.expires_at <= now:
            return False
        # One that expires in the same round was looked at before those that may be sent in its place.
        before = [one for n, one in self._lane(call) if n != number]
        return all(one.state in FINAL and one.ended_at < now for one in before)

    def _lane(self, call: Known) -> list[tuple[int, Known]]:
        mine = (call.account, call.recipient)
        return [(n, one) for n, one in self.calls.items() if (one.account, one.recipient) == mine]

    def _moved(self, step: Step, call: Known, now: int, where: str) -> None:
        by_hand = step.call in self.decided
        if step.state == "sending":
            self._claimed(step, call, now, where)
            call.tries[step.attempt] = Try(step.owner, now, call.doubted)
            require(step.lease_until == now + LEASE_MS, f"{where}: its lease is {step.lease_until - now} ms")
        elif step.state == "expired":
            self._expired(step, call, now, where)
        elif step.state == "cancelled":
            asked = by_hand or not step.was or self.errands.may_cancel(step.call, now)
            require(asked, f"{where}: nobody asked for it")
        if step.state == "queued" and step.was in ("", "waiting"):
            self._queued(call, now, by_hand, where)
        if step.was == "sending":
            self._left_sending(step, call, now, where)
        elif step.was == "uncertain" and not by_hand:
            self._left_doubt(step, call, where)
        if step.state == "uncertain":
            call.doubted = True
        self._resent(step, call, now, by_hand, where)

    def _queued(self, call: Known, now: int, by_hand: bool, where: str) -> None:
        """It is in the order of its recipient from now on, and has its time until it expires."""
        require(not call.shadow, f"{where}: a shadow call")
        early = call.wanted_at - now
        require(early <= 0 or by_hand, f"{where}: {early} ms early")
        self.places += 1
        call.place, call.queued_at, call.expires_at = self.places, now, now + call.lasts

    def _claimed(self, step: Step, call: Known, now: int, where: str) -> None:
        require(call.account not in self.paused, f"{where}: the account is paused")
        require(self.gates.get(call.account) != "open", f"{where}: the breaker is open")
        if self.gates.get(call.account) == "trial" and call.resends:
            fresh = [number for number in self.calls if self._free(number, call.account, now)]
            require(not fresh, f"{where}: a resend is risked in a trial, and call {fresh} waits")
        require(now < call.expires_at, f"{where}: it expired {now - call.expires_at} ms ago")
        require(step.attempt > max(call.tries, default=0), f"{where}: the attempt has a number that was used")
        account = self.accounts[call.account]
        interval = 1000 / account.rate
        arrival = self.arrival.get(call.account, 0.0)
        early = arrival - (max(account.burst, 1) - 1) * interval - now
        require(early <= 1.0, f"{where}: {early:.0f} ms before the account's pace allows it")
        self.arrival[call.account] = max(arrival, now) + interval
        self.begun[call.account].append(now)
        self._slower(call.account, now, where)

    def _slower(self, name: str, now: int, where: str) -> None:
        """In the ten seconds after a 429, at most 2^(-5/6) of the pace, and a burst."""
        since = self.slowed.get(name)
        if since is None or now > since + 10_000:
            return
        account = self.accounts[name]
        allowed = 1 + account.burst + account.rate * 0.5613 * (now - since) / 1000
        many = sum(moment > since for moment in self.begun[name])
        require(
            many <= allowed, f"{where}: {many} calls in {now - since} ms after a 429, expected {allowed:.1f}"
        )

    def _expired(self, step: Step, call: Known, now: int, where: str) -> None:
        due = call.expires_at <= max(now, step.due_at)
        require(due, f"{where}: it had {call.expires_at - now} ms left")

    def _left_sending(self, step: Step, call: Known, now: int, where: str) -> None:
        one = call.tries[step.attempt]
        meaning = one.meaning if one.finished else None
        if one.owner in self.dead and step.state == "uncertain":
            return
        again = "cancelled" if call.cancelled else "queued"
        if one.answer is None:
            require(step.state in (again, "expired"), f"{where}: it was never sent")
            return
        require(meaning is not None, f"{where}: the attempt has not ended")
        risked = _risked(one)
        call.risked += risked
        unheard = risked or meaning == "uncertain" or (meaning == "retry" and one.answer.seen.status is None)
        if meaning != "pause":
            self.failures[call.account] = self.failures[call.account] + 1 if unheard else 0
        if meaning == "refused" and one.answer.seen.status == 409 and one.doubted:
            meaning = "done"
        allowed = {
            "done": {"done"},
            "refused": {"refused"},
            "retry": {again, "exhausted", "expired"},
            "pause": {again, "expired"},
            "uncertain": {"uncertain", "queued"}
            if call.resends_by_itself and not call.cancelled
            else {"uncertain"},
            None: set[str](),
        }[meaning]
        require(step.state in allowed, f"{where} after {one.answer.name}")
        if meaning == "retry":
            self._retried(step, call, one.answer, now, where)

    def _retried(self, step: Step, call: Known, answer: Answer, now: int, where: str) -> None:
        if answer in PACED:
            self.slowed.setdefault(call.account, now)
            if now > self.slowed[call.account] + 10_000:
                self.slowed[call.account] = now
        if step.state == "exhausted":
            require(step.answered >= TRIES, f"{where} after {step.answered} tries")
            return
        asked = 1000 * int(answer.seen.headers.get("retry-after", 0))
        most = max(1000 * BACKOFF_S[min(step.answered - 1, 6)], asked)
        require(
            step.state != "queued" or asked <= step.due_at - now <= most + 1,
            f"{where}: due in {step.due_at - now} ms",
        )
        require(step.answered <= TRIES, f"{where}: {step.answered} tries")
        if step.state == "queued" and call.first_retry is None:
            call.first_retry = now

    def _left_doubt(self, step: Step, call: Known, where: str) -> None:
        """A late answer of the same attempt, or the policy's one resend."""
        one, again = call.tries[step.attempt], "cancelled" if call.cancelled else "queued"
        if step.state == "queued" and step.resends > call.resends and not call.cancelled:
            return
        if one.answer is None and (one.finished or one.owner not in self.gone):
            # Also where a mark seemed to fail and no sender was given it: its owner knows once it looks.
            require(step.state == again, f"{where}: it was never sent")
            return
        require(
            one.finished and one.meaning in ("done", "refused", "retry", "pause"), f"{where}: nobody said so"
        )
        call.risked += _risked(one)
        expected = {"done": "done", "refused": "refused", "retry": again, "pause": again}
        status = one.answer.seen.status if one.answer else None
        wanted = "done" if status == 409 and one.doubted else expected[one.meaning or ""]
        require(step.state == wanted, f"{where} after {one.answer}")

    def _resent(self, step: Step, call: Known, now: int, by_hand: bool, where: str) -> None:
        require(step.resends >= call.resends, f"{where}: resends were forgotten")
        if step.resends > call.resends:
            require(step.resends == call.resends + 1, f"{where}: {step.resends} resends at once")
            require(step.state == "queued", f"{where}: a resend that is not queued")
            call.ordered += by_hand
            call.cancelled = call.cancelled and not by_hand
            call.doubted = True
            itself = step.resends - call.ordered
            if step.was == "uncertain":
                call.expires_at = max(call.expires_at, now + call.lasts)
            require(by_hand or call.resends_by_itself, f"{where}: nobody asked for a resend")
            require(itself <= 1, f"{where}: resent by itself {itself} times")
        call.resends = step.resends


def _risked(one: Try) -> bool:
    """Whether it is tried again though it may have run, because the owner said so (`server_error: retry`)."""
    return one.meaning == "retry" and one.answer is not None and one.answer.meaning == "uncertain"
