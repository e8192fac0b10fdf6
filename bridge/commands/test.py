"""`leadbridge test`: run the `tests:` of mapping files, show their coverage, update them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bridge.commands.options import as_json, files, quiet
from bridge.commands.show.junit import write_junit
from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, json_array, printable, say, screen_of
from bridge.errors import BridgeError
from bridge.mapping.author.examples import Result, facts
from bridge.mapping.author.rewrite import CannotRewrite, rewrite_expectation
from bridge.mapping.lint.coverage import Coverage, Gap
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Finding, Json
from bridge.operations.authoring.mapping_files import compile_named, compile_text, errors
from bridge.operations.authoring.test import RanTests, run_tests, sample_reader
from bridge.operations.redact import shown_tests
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.settings import Settings
from bridge.text.render import english

KEYS = ("file", "line", "name", "passed", "differences", "starts", "failed", "cancelled")
Again = Callable[[bytes], RanTests | None]
"""Runs the tests of a file as if it had this content; None if it is no mapping file then."""


@click.command()
@files
@click.option("--coverage", is_flag=True, help="List rules and conditions that no test exercises.")
@click.option("--junit", metavar="FILE", help="Write the results as JUnit XML, for build servers.")
@click.option("--update", is_flag=True, help="Write the actual results into `expect:` of failed tests.")
@as_json
def test(files: tuple[str, ...], as_json: bool, **extras: Any) -> int:
    """Run the `tests:` of mapping files: FILES and folders, or the whole mapping folder.

    Prints the differences from the expected bot starts. Exit code 1 if a test fails, or there is none.

    --update prints the same differences, then writes the actual results into the files. Nothing else in a
    file changes; if that is not possible, it prints why and leaves the test unchanged.

    A condition is exercised if it holds in one test and not in another.

    Keys of --json: file, line, name, passed, differences, starts, failed, cancelled. With --coverage an
    object of two arrays: tests, these, and gaps, each with file, line, rule, condition (empty: the rule
    itself), lack.

    \b
    Example:
      leadbridge test mappings/yookassa.yml --coverage
    """
    return test_files(quiet(), files, Extras(**extras), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Extras:
    """What to do in addition to running the tests."""

    coverage: bool = False
    """List rules and conditions that no test exercises."""
    junit: str | None = None
    """A file for the results as JUnit XML."""
    update: bool = False
    """Write the actual results into the files."""


def test_files(settings: Settings, files: Sequence[str], extras: Extras, *, as_json: bool) -> int:
    """Run all tests; return 0 only if there are some, all pass, and no file is broken."""
    compiled = compile_named(settings, files)
    broken = errors(compiled)
    ran = [_run(mapping) for mapping in sorted(compiled.sources.values(), key=lambda one: one.path)]
    if not as_json:
        _print([shown_tests(one) for one in ran], screen_of(settings))
    if extras.update:
        ran = [_updated(settings, one) if one.failed else one for one in ran]
    ran = [shown_tests(one) for one in ran]
    covered = {one.path: one.covered for one in ran} if extras.coverage else None
    if as_json:
        click.echo(_as_json(ran, covered))
    elif covered is not None:
        _print_coverage(covered)
    if extras.junit:
        write_junit(extras.junit, {one.path: one.results for one in ran}, broken)
    for finding in broken:
        say(printable(said(finding.whole)))
    say(said(_summary(ran, broken)))
    return 0 if _all_well(ran) and not broken else 1


def _run(mapping: MappingFile) -> RanTests:
    return run_tests(mapping, sample_reader(mapping.path))


def _updated(settings: Settings, ran: RanTests) -> RanTests:
    def again(data: bytes) -> RanTests | None:
        mapping = compile_text(settings, ran.path, data).mapping
        return None if mapping is None else _run(mapping)

    update(ran, again)
    return again(Path(ran.path).read_bytes()) or ran


def _print_coverage(covered: Mapping[str, Coverage]) -> None:
    for path, one in covered.items():
        exercised = Reason(
            MappingCode.EXERCISED,
            path=path,
            matched=one.covered_rules,
            rules=Reason(MappingCode.OF_RULES, count=one.rules),
            decided=one.covered_conditions,
            conditions=Reason(MappingCode.OF_CONDITIONS, count=one.conditions),
        )
        click.echo(printable(said(exercised)))
        for gap in one.gaps:
            click.echo(printable(f"    {path}:{gap.line}: {gap.rule}: {said(_lack(gap))}"))


def _lack(gap: Gap) -> Reason:
    lack = Reason(gap.lack)
    return Reason(MappingCode.CONDITION_LACKS, condition=gap.condition, lack=lack) if gap.condition else lack


def _as_json(ran: list[RanTests], covered: Mapping[str, Coverage] | None) -> str:
    rows = [_row(one.path, result) for one in ran for result in one.results]
    if covered is None:
        return json_array(rows)
    gaps = [
        {
            "file": path,
            "line": gap.line,
            "rule": gap.rule,
            "condition": gap.condition,
            "lack": english(Reason(gap.lack)),
        }
        for path, one in covered.items()
        for gap in one.gaps
    ]
    return f'{{"tests": {json_array(rows)},\n"gaps": {json_array(gaps)}}}'


def _print(ran: list[RanTests], screen: Screen) -> None:
    passed, failed = screen.paint(".", "green"), screen.paint("F", "red")
    for one in ran:
        dots = "".join(passed if result.passed else failed for result in one.results)
        click.echo(f"{printable(one.path)} {dots or said(Reason(MappingCode.WITHOUT_TESTS))}")
    word = screen.paint(said(Reason(MappingCode.TEST_FAILED)), "red")
    for one in ran:
        for result in one.failed:
            head = f"{one.path}:{result.line}: {result.name}"
            click.echo(f"\n{word} {printable(head)}")
            for difference in result.differences:
                click.echo(f"    {printable(said(difference))}")


def _row(path: str, result: Result) -> dict[str, Json]:
    starts = [facts(start) for start in result.starts]
    failed = sorted({failure.rule for failure in result.failures})
    values = (
        path,
        result.line,
        result.name,
        result.passed,
        [english(one) for one in result.differences],
        starts,
        failed,
        list(result.cancelled),
    )
    return dict(zip(KEYS, values, strict=True))


def _all_well(ran: list[RanTests]) -> bool:
    return any(one.results for one in ran) and not any(one.failed for one in ran)


def _summary(ran: list[RanTests], broken: list[Finding]) -> Reason:
    total = sum(len(one.results) for one in ran)
    failed = sum(len(one.failed) for one in ran)
    errors = Reason(MappingCode.ERRORS, count=len(broken))
    tail = Reason(MappingCode.ERRORS_IN_FILES, errors=errors) if broken else None
    if not total:
        return Reason(MappingCode.NOTHING_TESTED, broken=tail)
    files = Reason(MappingCode.FILES, count=len(ran))
    return Reason(MappingCode.TESTED, passed=total - failed, failed=failed, files=files, broken=tail)


def update(ran: RanTests, again: Again) -> None:
    """Write the results of failed tests into their file.

    A test that cannot be updated is reported on stderr with the reason, and left unchanged. The file is
    replaced atomically and keeps its permissions; a link stays a link.
    """
    for result in ran.failed:
        where = f"{ran.path}:{result.line}: {result.name}"
        try:
            _update(ran.mapping, result, again)
        except CannotRewrite as error:
            say(printable(said(Reason(MappingCode.NOT_UPDATED, test=where, why=error.reason))))
        else:
            say(printable(said(Reason(MappingCode.UPDATED, test=where))))


def _update(mapping: MappingFile, result: Result, again: Again) -> None:
    path = Path(mapping.path).resolve()
    new = rewrite_expectation(path.read_bytes().decode(), result, mapping.account).encode()
    after = again(new)
    if after is None or not any(one.name == result.name and one.passed for one in after.results):
        raise CannotRewrite(Reason(RuleCode.READS_OTHERWISE))
    replace_file(path, new)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically; raises BridgeError."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(path.stat().st_mode & 0o7777)
        Path(temporary).replace(path)
    except OSError as error:
        reason = Reason(ErrorCode.UNWRITABLE, path=str(path), detail=error.strerror)
        raise BridgeError(reason) from error
