"""The errors that users can fix, with the exit codes of commands.

Messages have no full stop, say what was found and expected, and may have a hint: what to do next.
"""

from bridge.reasons.reason import GeneralCode, Reason
from bridge.text.render import english


class BridgeError(Exception):
    """An error that its reader can fix. Any other exception is a bug (exit code 3).

    `reason` and `cure` are what was found and what to do next; `str` and the properties are English, for
    logs and machines.
    """

    exit_code = 1

    def __init__(self, reason: Reason, cure: Reason | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure

    def __str__(self) -> str:
        return self.message

    @property
    def whole(self) -> Reason:
        """The reason with its cure."""
        if self.cure is None:
            return self.reason
        return Reason(GeneralCode.WITH_HINT, message=self.reason, hint=self.cure)

    @property
    def message(self) -> str:
        """The reason in English."""
        return english(self.reason)

    @property
    def hint(self) -> str | None:
        """The cure in English."""
        return None if self.cure is None else english(self.cure)

    @property
    def sentence(self) -> str:
        """The message with its hint, in English on one line."""
        return english(self.whole)


class UsageError(BridgeError):
    """A command was called with invalid arguments."""

    exit_code = 2


class DocumentError(BridgeError):
    """A webhook's body cannot be decoded as its source is configured."""


class StoreUnavailable(BridgeError):
    """The database failed or did not answer in time. Nothing was accepted; the sender should retry."""


class Deadlock(StoreUnavailable):
    """The database ended this transaction, because it and another one waited for each other."""


class Overloaded(StoreUnavailable):
    """Too many items wait for the database to be written in time."""


class DatabaseLost(StoreUnavailable):
    """The embedded database's files are no longer those that this process has open.

    The message contains no path, since it is shown without login.
    """
