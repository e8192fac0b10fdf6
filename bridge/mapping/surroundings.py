"""What a mapping file is read against: the environment's secrets and the accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from bridge.language.nodes import Node, Report, Scalar, scalars
from bridge.language.schema import Reader, suggestion
from bridge.mapping.accounts import MAIN, TOKEN_VARIABLE
from bridge.model import Account, Alerts

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The same for all files of one run."""

    environment: Dict[str, str] = field(repr=False)
    placeholder: str | None = None
    """What a secret that is not set reads as, with a warning; None makes it an error."""
    accounts: Dict[str, Account] | None = None
    """By name; None where they are unknown because their file has errors."""
    accounts_file: str | None = None
    alerts: Alerts = field(default_factory=Alerts)
    notices: bool = False
    """Whether to tell what deserves a second look, too."""

    def reader(self, node: Node, report: Report) -> Reader:
        """A reader of the file that knows its secrets."""
        if self.placeholder is None:
            return Reader(report, self.environment)
        environment = dict(self.environment)
        for scalar in scalars(node):
            name = _variable(scalar)
            if name and not self.environment.get(name):
                environment[name] = self.placeholder
                report.add(scalar, "W501", f"environment variable {name} is not set")
        return Reader(report, environment, self.placeholder)

    def check_account(self, name: str, at: Node, report: Report) -> None:
        """A finding where starts go to an account that is not there."""
        if self.accounts is None or name in self.accounts:
            return
        if self.accounts_file is None and name == MAIN:
            report.add(at, "M108", f"account {MAIN} has no token; set {TOKEN_VARIABLE} in the environment")
            return
        where = self.accounts_file or f"the environment, which knows only {MAIN}"
        report.add(at, "M302", f'no account "{name}" in {where}{suggestion(name, list(self.accounts))}')


def _variable(node: Node) -> str | None:
    match = _VARIABLE.fullmatch(node.text) if isinstance(node, Scalar) else None
    return match[1] if match else None
