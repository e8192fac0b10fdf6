"""Test results as JUnit XML, which build servers read: a suite for each file, a case for each test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from bridge.commands.show.output import printable
from bridge.errors import UsageError
from bridge.mapping.author.examples import Result
from bridge.model import Finding
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.text.render import english


def write_junit(file: str, ran: Mapping[str, Sequence[Result]], broken: Iterable[Finding]) -> None:
    """Write the report; raises UsageError if it cannot be written.

    A finding that makes a mapping file unusable is an error in the suite of that file.
    """
    root = Element("testsuites", name="leadbridge test")
    for path, results in ran.items():
        _suite(root, path, results)
    for finding in broken:
        _error(root, finding)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        reason = Reason(ErrorCode.UNWRITABLE, path=file, detail=error.strerror)
        raise UsageError(reason) from error


def _suite(root: Element, path: str, results: Sequence[Result]) -> None:
    failed = sum(not result.passed for result in results)
    suite = SubElement(
        root, "testsuite", name=path, tests=str(len(results)), failures=str(failed), errors="0"
    )
    for result in results:
        case = _case(suite, path, result.line, result.name)
        if not result.passed:
            lines = [printable(english(one)) for one in result.differences]
            SubElement(case, "failure", message=lines[0], type="difference").text = "\n".join(lines)


def _error(root: Element, finding: Finding) -> None:
    suite = SubElement(root, "testsuite", name=finding.path, tests="1", failures="0", errors="1")
    case = _case(suite, finding.path, finding.line, finding.code)
    text = printable(str(finding))
    SubElement(case, "error", message=text, type=finding.code).text = text


def _case(suite: Element, path: str, line: int, name: str) -> Element:
    where = printable(path)
    return SubElement(suite, "testcase", name=printable(name), classname=where, file=where, line=str(line))
