"""`leadbridge test`: runs the `tests:` of mapping files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bridge.commands.mappings import compile_named, errors
from bridge.commands.output import Screen, counted, json_array, printable, say, screen_of
from bridge.mapping.examples import Result, facts, run_example
from bridge.mapping.rules import MappingFile
from bridge.model import Finding, Json
from bridge.settings import Settings

KEYS = ("file", "line", "name", "passed", "differences", "starts", "failed")


@dataclass(frozen=True, slots=True)
class _Ran:
    """The tests of one file."""

    path: str
    results: tuple[Result, ...]

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if not result.passed]


def test(settings: Settings, files: Sequence[str], *, as_json: bool) -> int:
    """Run all tests; 0 only where there are some and all pass. Broken files fail the run."""
    compiled = compile_named(settings, files)
    broken = errors(compiled)
    ran = [_run(mapping) for mapping in sorted(compiled.sources.values(), key=lambda one: one.path)]
    if as_json:
        click.echo(json_array(_row(one.path, result) for one in ran for result in one.results))
    else:
        _print(ran, screen_of(settings))
    for finding in broken:
        say(printable(str(finding)))
    say(_summary(ran, broken))
    return 0 if _all_well(ran) and not broken else 1


def _run(mapping: MappingFile) -> _Ran:
    folder = Path(mapping.path).parent

    def read_sample(name: str) -> bytes:
        return (folder / name).read_bytes()

    return _Ran(mapping.path, tuple(run_example(mapping, example, read_sample) for example in mapping.tests))


def _print(ran: list[_Ran], screen: Screen) -> None:
    passed, failed = screen.paint(".", "green"), screen.paint("F", "red")
    for one in ran:
        dots = "".join(passed if result.passed else failed for result in one.results)
        click.echo(f"{printable(one.path)} {dots or '(no tests)'}")
    for one in ran:
        for result in one.failed:
            head = f"{one.path}:{result.line}: {result.name}"
            click.echo(f"\n{screen.paint('FAILED', 'red')} {printable(head)}")
            for difference in result.differences:
                click.echo(f"    {printable(difference)}")


def _row(path: str, result: Result) -> dict[str, Json]:
    starts = [facts(start) for start in result.starts]
    failed = sorted({failure.rule for failure in result.failures})
    values = (path, result.line, result.name, result.passed, list(result.differences), starts, failed)
    return dict(zip(KEYS, values, strict=True))


def _all_well(ran: list[_Ran]) -> bool:
    return any(one.results for one in ran) and not any(one.failed for one in ran)


def _summary(ran: list[_Ran], broken: list[Finding]) -> str:
    total = sum(len(one.results) for one in ran)
    failed = sum(len(one.failed) for one in ran)
    tail = f"; {counted(len(broken), 'error')} in the files: run leadbridge check" if broken else ""
    if not total:
        return f"no tests were found{tail}"
    return f"{total - failed} passed, {failed} failed in {counted(len(ran), 'file')}{tail}"
