from __future__ import annotations

import threading

from bridge.store.db.notifier import Notifier
from tests.support.waiting import eventually


class Receiver:
    def __init__(self) -> None:
        self.received = 0
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def receive(self) -> None:
        self.received += 1
        self.entered.set()
        self.go_on.wait(10)


def test_notifications_during_a_call_are_merged_into_one() -> None:
    receiver = Receiver()
    notifier = Notifier(receiver.receive)
    notifier.notify()
    assert receiver.entered.wait(10)
    for _ in range(50):
        notifier.notify()
    assert receiver.received == 1
    receiver.go_on.set()
    assert eventually(lambda: receiver.received == 2)
    notifier.close()
    assert receiver.received == 2


def test_a_pending_notification_is_sent_before_the_end() -> None:
    receiver = Receiver()
    receiver.go_on.set()
    notifier = Notifier(receiver.receive)
    notifier.notify()
    notifier.close()
    assert receiver.received >= 1
