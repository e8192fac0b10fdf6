from __future__ import annotations

import threading

from bridge.store.db.notifier import Herald
from tests.support.waiting import eventually


class Bell:
    def __init__(self) -> None:
        self.rings = 0
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def ring(self) -> None:
        self.rings += 1
        self.entered.set()
        self.go_on.wait(10)


def test_nobody_waits_for_a_wake_up_and_many_become_one() -> None:
    bell = Bell()
    herald = Herald(bell.ring)
    herald.wake()
    assert bell.entered.wait(10)
    for _ in range(50):
        herald.wake()
    assert bell.rings == 1
    bell.go_on.set()
    assert eventually(lambda: bell.rings == 2)
    herald.close()
    assert bell.rings == 2


def test_what_was_asked_for_is_given_before_the_end() -> None:
    bell = Bell()
    bell.go_on.set()
    herald = Herald(bell.ring)
    herald.wake()
    herald.close()
    assert bell.rings >= 1
