"""Which shapes of answers are new: remembered, so that a known one costs no statement."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.dispatch.calls_in_flight import Ended
from bridge.store.queue.due_calls import Transaction
from bridge.store.state import answers
from bridge.store.state.answers import Shape


class NewAnswers:
    """One dispatcher's memory of the shapes that are stored."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], set[str]] | None = None
        """By account and URL. None until the first answer with a shape: what is stored is read once."""
        self.added: set[Shape] = set()
        """By the transaction under way, which may still fail."""

    def note(self, connection: Transaction, now: int, ended: Iterable[Ended]) -> None:
        """Store the shapes that are new among these; the accounts' rows must be locked."""
        self.added = set()
        for one in ended:
            if one.attempt.shape:
                account = one.job.account
                shape = Shape(account.name, account.url, one.attempt.shape)
                if shape not in self.added and self._is_new(connection, shape):
                    answers.add(connection, now, shape, one.job.call.id)
                    self.added.add(shape)

    def committed(self) -> None:
        """What was added is on disk."""
        for shape in self.added:
            self._of(shape).add(shape.text)
        self.added = set()

    def _is_new(self, connection: Transaction, shape: Shape) -> bool:
        if self.known is None:
            self.known = {}
            for one in answers.known(connection):
                self._of(one).add(one.text)
        known = self._of(shape)
        return shape.text not in known and len(known) < answers.MOST

    def _of(self, shape: Shape) -> set[str]:
        known = self.known if self.known is not None else {}
        return known.setdefault((shape.account, shape.url), set())
