"""Row 13: how long honest webhooks wait while others misuse the server.

python -m benchmarks.hostile --seconds 10
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import sleep
from typing import TypeAlias

from benchmarks.common import shop
from benchmarks.common.api import standing_in
from benchmarks.common.attackers import ATTACKS
from benchmarks.common.contenders import OWN, Contender
from benchmarks.common.load import load
from benchmarks.common.series import Aim, Column, alternate, compared, concluded, figures, options

SCENES = {
    "nobody": ("", shop.LENGTH),
    "nobody, 100 KB": ("", 100_000),
    "slow": ("slow", shop.LENGTH),
    "pipelining": ("pipelining", shop.LENGTH),
    "half-sent": ("half-sent", shop.LENGTH),
    "half-sent, 100 KB": ("half-sent", 100_000),
}
"""The attack, and how many bytes an honest webhook has: large bodies share what half-sent ones take."""
P99 = 300.0
"""Milliseconds that 99 of 100 honest webhooks wait at most."""
HONEST = 16
"""Connections of the honest sender."""


@dataclass(frozen=True, slots=True)
class Honest:
    """What the honest sender saw; times in milliseconds."""

    accepted: float
    """A second."""
    p99: float
    failed: int
    """Refused, unanswered or too late."""


Seen: TypeAlias = Mapping[str, Honest]
"""By scene."""


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 10.0, ()).parse_args(words)

    def measure(contender: Contender, folder: Path) -> Seen:
        return beside(contender, folder, asked.seconds)

    seen = alternate(compared([OWN], asked), asked.runs, asked.folder, measure)
    aims = []
    for name, (attack, _) in SCENES.items():
        columns: list[Column[Seen]] = [
            Column("accepted/s", partial(_figure, name, "accepted")),
            Column("p99 ms", partial(_figure, name, "p99")),
            Column("failed", partial(_figure, name, "failed")),
        ]
        print(f"\n{HONEST} honest connections beside {name}. {ATTACKS.get(attack, '')}")
        print(figures(seen, columns))
        if attack:
            own = seen[OWN.name]
            aims.append(
                Aim(f"13: {P99:g} ms over p99, {name}", P99 / median(run[name].p99 for run in own), 1)
            )
            aims.append(Aim(f"13: none failed, {name}", float(not any(run[name].failed for run in own)), 1))
    return concluded(aims)


def beside(contender: Contender, folder: Path, seconds: float) -> Seen:
    """Send honest webhooks to what only accepts them, alone and beside each kind of attack in turn."""
    folder.mkdir(parents=True)
    seen = {}
    with standing_in() as api, contender.intake(folder, api) as running:
        for number, (name, (attack, length)) in enumerate(SCENES.items()):
            request = running.requests(shop.Orders(f"order-beside{number}", length))
            with _attacked(attack, running.port):
                done = load(running.address, request, connections=HONEST, seconds=seconds)
            failed = sum(done.refused.values()) + done.unanswered
            seen[name] = Honest(done.rate, done.percentile(0.99) * 1000, failed)
    return seen


@contextmanager
def _attacked(name: str, port: int) -> Iterator[None]:
    if not name:
        yield
        return
    program = [sys.executable, "-m", "benchmarks.common.attackers", name, str(port)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()
    sleep(1)


def _figure(attack: str, figure: str, seen: Seen) -> float:
    return float(getattr(seen[attack], figure))


if __name__ == "__main__":
    sys.exit(main())
