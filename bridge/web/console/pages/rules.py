"""Rules: every mapping file with what is wrong in it, how its rules fare and what its tests show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort

from bridge.mapping.rules.rule import Rule
from bridge.operations.authoring.mapping_folder import FolderFile, file_called, folder_files
from bridge.operations.authoring.test import RanTests, run_tests, sample_reader
from bridge.problems.facts import Facts
from bridge.problems.listing import paused as paused_title
from bridge.problems.listing import problems
from bridge.readiness import files_of
from bridge.store.queue import pauses
from bridge.store.reports import trends
from bridge.store.reports.trends import RuleUse
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.problems import shown
from bridge.web.console.view.rendering import render, said


@dataclass(frozen=True, slots=True)
class Kept:
    """A file with its rules, each with its results, and its tests."""

    file: FolderFile
    rules: tuple[tuple[Rule, RuleUse], ...]
    tests: RanTests | None

    @property
    def hits(self) -> int:
        """Of all rules together, in a week."""
        return sum(use.hits for _, use in self.rules)

    @property
    def last(self) -> int:
        """When any rule last matched; 0 where none did."""
        return max((use.last or 0 for _, use in self.rules), default=0)

    @property
    def failing(self) -> int:
        """Rules that lacked a value this week."""
        return sum(bool(use.failed) for _, use in self.rules)

    @property
    def idle(self) -> int:
        """Rules that are switched on and never matched."""
        return sum(rule.enabled and use.last is None for rule, use in self.rules)


def register(console: Console) -> None:
    """The list, and the page of one file by its source or its name."""
    console.place("rules", "/rules", rules, icon="rules")
    console.page("rules_of", "/rules/<path:label>", rules_of, place="rules")


def rules(console: Console) -> Answer:
    """All files."""
    files = folder_files(console.side.settings, console.side.mapping_loader.latest)
    used = _used(console)
    kept = console.offload(lambda: [_kept(one, used) for one in files])
    return render("rules", files=kept, **_state(console))


def rules_of(console: Console, label: str) -> Answer:
    """One file."""
    file = file_called(console.side.settings, console.side.mapping_loader.latest, label)
    if file is None:
        abort(404)
    used, paused = _used(console, file.source), _paused(console, file.source)
    kept = console.offload(lambda: _kept(file, used))
    text = file.text.decode("utf-8", "replace")
    title = paused_title(file.source, "")
    return render(
        "rules/file",
        kept=kept,
        paused=paused,
        paused_title=title,
        text=text,
        marked=marked(file),
        **_state(console),
    )


def marked(file: FolderFile) -> dict[int, str]:
    """The lines with findings, and how bad the worst of each is."""
    lines = {one.line: "warn" for one in file.findings}
    return lines | {one.line: "bad" for one in file.findings if one.is_error}


def _state(console: Console) -> dict[str, Any]:
    rules = console.side.mapping_loader
    why = (rules.trouble,) if rules.trouble else ()
    found = problems(Facts(files=files_of(rules), files_why=why))
    return {"problems": [shown(one, link=False) for one in found]}


def _used(console: Console, source: str = "") -> dict[tuple[str, str], RuleUse]:
    store = console.side.store
    with store.read() as connection:
        return trends.rules(connection, store.now(connection), source)


def _paused(console: Console, source: str) -> dict[str, str]:
    """Its rules that are held back, and why; the empty name is the whole source."""
    with console.side.store.read() as connection:
        return {
            one.rule: said(one.paused_reason) for one in pauses.active(connection) if one.source == source
        }


def _kept(file: FolderFile, used: dict[tuple[str, str], RuleUse]) -> Kept:
    if file.mapping is None:
        return Kept(file, (), None)
    rules = tuple((rule, used.get((file.source, rule.name), RuleUse())) for rule in file.mapping.rules)
    return Kept(file, rules, run_tests(file.mapping, sample_reader(file.path)))
