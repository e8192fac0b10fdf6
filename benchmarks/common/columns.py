"""The columns of every table of runs under load."""

from __future__ import annotations

from benchmarks.common.series import Column
from benchmarks.common.under_load import Figures

LOAD: list[Column[Figures]] = [
    Column("accepted/s", lambda one: one.accepted),
    Column("p50 ms", lambda one: one.p50),
    Column("p99 ms", lambda one: one.p99),
    Column("calls/s", lambda one: one.arrived),
    Column("lost %", lambda one: one.lost, ".1f"),
    Column("twice", lambda one: one.twice),
    Column("refused", lambda one: one.refused),
    Column("PSS MB", lambda one: one.memory),
    Column("cpu us", lambda one: one.cpu),
    Column("load us", lambda one: one.cpu_load),
    Column("api us", lambda one: one.cpu_api),
]
