"""`leadbridge test --update`: mapping files expect what their tests showed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.commands.language import said
from bridge.commands.output import printable, say
from bridge.errors import BridgeError
from bridge.mapping.author.examples import Result
from bridge.mapping.author.rewrite import CannotRewrite, rewritten
from bridge.mapping.rules.apply import MappingFile
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

Again = Callable[[str, bytes], Sequence[Result]]
"""The results of a file, by its path, if it said this."""


def update(mapping: MappingFile, results: Sequence[Result], again: Again) -> Sequence[Result]:
    """Write the results of failed tests into their file; the results afterwards.

    What cannot be written is told on stderr with its reason and left as it is. The file is replaced at once
    and keeps its permissions; a link stays a link.
    """
    for result in results:
        if result.passed:
            continue
        where = f"{mapping.path}:{result.line}: {result.name}"
        try:
            _update(mapping, result, again)
        except CannotRewrite as error:
            say(printable(said(Reason(MappingCode.NOT_UPDATED, test=where, why=error.reason))))
        else:
            say(printable(said(Reason(MappingCode.UPDATED, test=where))))
    return again(mapping.path, Path(mapping.path).read_bytes())


def _update(mapping: MappingFile, result: Result, again: Again) -> None:
    path = Path(mapping.path).resolve()
    new = rewritten(path.read_bytes().decode(), result, mapping.account).encode()
    if not any(one.name == result.name and one.passed for one in again(mapping.path, new)):
        raise CannotRewrite(Reason(RuleCode.READS_OTHERWISE))
    replace_file(path, new)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old or the new one, never a part; raises BridgeError."""
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(beside).chmod(path.stat().st_mode & 0o7777)
        Path(beside).replace(path)
    except OSError as error:
        reason = Reason(ErrorCode.UNWRITABLE, path=str(path), detail=error.strerror)
        raise BridgeError(reason) from error
