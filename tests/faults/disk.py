"""A disk that loses what was not synced: the recorded writes replayed up to the moment the power goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

SECTOR = 512
Survives = Literal["nothing", "everything", "some"]


@dataclass(frozen=True, slots=True)
class Act:
    """One recorded call: write, append, cut or sync."""

    what: str
    offset: int
    path: str
    data: bytes


def acts(record: Path) -> Iterator[Act]:
    """What the recorder wrote down, in order."""
    text, place = record.read_bytes(), 0
    while place < len(text):
        end = text.index(b"\n", place)
        what, offset, count, path = text[place:end].decode().split(" ", 3)
        place = end + 1 + (int(count) if what in ("write", "append") else 0)
        yield Act(what, int(offset), path, text[end + 1 : place])


@dataclass(slots=True)
class File:
    """What is on the disk for sure, and what was written since the last sync."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[Act] = field(default_factory=list)

    def take(self, act: Act) -> None:
        if act.what != "sync":
            self.pending.append(act)
            return
        for one in self.pending:
            apply(one, self.safe)
        self.pending.clear()

    def after_power_cut(self, survives: Survives, random: Random) -> bytes:
        """The file as it may be found. Of what was not synced, any sector may have reached the disk."""
        found = bytearray(self.safe)
        for one in self.pending:
            if survives == "everything":
                apply(one, found)
            elif survives == "some":
                for part in sectors(one):
                    if random.random() < 0.5:
                        apply(part, found)
        return bytes(found)


def apply(act: Act, content: bytearray) -> None:
    if act.what == "cut":
        del content[act.offset :]
        content.extend(bytes(act.offset - len(content)))
        return
    content.extend(bytes(max(0, act.offset - len(content))))
    content[act.offset : act.offset + len(act.data)] = act.data


def sectors(act: Act) -> Iterator[Act]:
    """The write, cut where sectors end: each arrives whole or not at all."""
    if act.what == "cut":
        yield act
        return
    place = 0
    while place < len(act.data):
        end = place + SECTOR - (act.offset + place) % SECTOR
        yield Act(act.what, act.offset + place, act.path, act.data[place:end])
        place = end
