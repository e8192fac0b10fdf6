"""What mapping files are compiled with: the environment's secrets and the accounts."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from bridge.did_you_mean import suggestion
from bridge.language.nodes import Node, Report
from bridge.language.reader import Reader
from bridge.language.variables import NOT_SET, is_set
from bridge.mapping.compile.accounts import MAIN, TOKEN_VARIABLE
from bridge.model import Account, Alerts
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class CompileContext:
    """The environment and accounts, shared by all files of one run."""

    environment: Dict[str, str] = field(repr=False)
    placeholder: str | None = None
    """Value of secrets that are not set, to try files out; None closes the sources that need them."""
    accounts: Dict[str, Account] | None = None
    """By name; None if unknown because the accounts file has errors."""
    accounts_file: str | None = None
    alerts: Alerts = field(default_factory=Alerts)
    notices: bool = False
    """Whether to report notices (level N), too."""
    now_ms: int = 0
    """The time, to find times that have passed; 0 if they are not looked for."""

    def reader(self, report: Report) -> Reader:
        """A reader of one file with this environment."""
        trying = self.placeholder is not None
        return Reader(report, self.environment, self.placeholder or NOT_SET, trying=trying)

    def check_account(self, name: str, at: Node, report: Report) -> None:
        """Report an account that does not exist or has no token."""
        if self.accounts_file is None and name == MAIN and not is_set(self.environment, TOKEN_VARIABLE):
            token = Reason(MappingCode.TOKEN_OF_ACCOUNT, account=MAIN)
            self.reader(report).is_unset(TOKEN_VARIABLE, at, token)
        if self.accounts is None or name in self.accounts:
            return
        report.add(at, "M302", self._unknown(name, suggestion(name, list(self.accounts))))

    def timezone_of(self, account: str) -> str | None:
        """The name of an account's time zone; empty if it has none, None if the account is not known."""
        known = self.accounts.get(account) if self.accounts is not None else None
        return None if known is None else known.timezone

    def _unknown(self, name: str, hint: Reason | None) -> Reason:
        if self.accounts_file is None:
            return Reason(MappingCode.ACCOUNT_NOT_SET, name=name, known=MAIN, hint=hint)
        return Reason(MappingCode.ACCOUNT_NOT_IN, name=name, path=self.accounts_file, hint=hint)
