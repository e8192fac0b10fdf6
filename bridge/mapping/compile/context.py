"""What a mapping file is read against: the environment's secrets and the accounts."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from bridge.did_you_mean import suggestion
from bridge.language.nodes import Node, Report
from bridge.language.schema import Reader
from bridge.language.variables import NOT_SET, is_set
from bridge.mapping.compile.accounts import MAIN, TOKEN_VARIABLE
from bridge.model import Account, Alerts
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The same for all files of one run."""

    environment: Dict[str, str] = field(repr=False)
    placeholder: str | None = None
    """What a secret that is not set reads as, to try files out; None closes the source that needs it."""
    accounts: Dict[str, Account] | None = None
    """By name; None where they are unknown because their file has errors."""
    accounts_file: str | None = None
    alerts: Alerts = field(default_factory=Alerts)
    notices: bool = False
    """Whether to tell what deserves a second look, too."""

    def reader(self, report: Report) -> Reader:
        """A reader of one file that knows the environment."""
        trying = self.placeholder is not None
        return Reader(report, self.environment, self.placeholder or NOT_SET, trying=trying)

    def check_account(self, name: str, at: Node, report: Report) -> None:
        """A finding where starts go to an account that is not there."""
        if self.accounts_file is None and name == MAIN and not is_set(self.environment, TOKEN_VARIABLE):
            token = Reason(MappingCode.TOKEN_OF_ACCOUNT, account=MAIN)
            self.reader(report).is_unset(TOKEN_VARIABLE, at, token)
        if self.accounts is None or name in self.accounts:
            return
        report.add(at, "M302", self._unknown(name, suggestion(name, list(self.accounts))))

    def _unknown(self, name: str, hint: Reason | None) -> Reason:
        if self.accounts_file is None:
            return Reason(MappingCode.ACCOUNT_NOT_SET, name=name, known=MAIN, hint=hint)
        return Reason(MappingCode.ACCOUNT_NOT_IN, name=name, path=self.accounts_file, hint=hint)
