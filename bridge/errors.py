"""What can go wrong, each knowing the exit code of a command that ends with it.

Messages have no full stop, say what was found and expected, and may carry a hint: what to do next.
"""


class BridgeError(Exception):
    """A fault that its reader can mend. Anything else that escapes is a bug (exit code 3)."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def sentence(self) -> str:
        """The message with its hint, on one line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(BridgeError):
    """A command was called with words that do not fit."""

    exit_code = 2


class DocumentError(BridgeError):
    """A webhook's body cannot be read as its source says it should be."""


class StoreUnavailable(BridgeError):
    """The database did not take part in time. Nothing was accepted; the sender is to try again."""


class Overloaded(StoreUnavailable):
    """More waits for the database already than it can take in time."""


class DatabaseLost(StoreUnavailable):
    """The embedded database's files are no longer those that this process has open.

    The message names no folder: anyone may read it.
    """
