"""Lists: which part of one is asked for, and lists as files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeVar

from flask import Response, current_app, request, stream_with_context

from bridge.store.db.engine import Store
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.pagination import Listing, Page

T = TypeVar("T")

LIMIT: Final = 50
"""Rows on a page."""
_PART: Final = 500
"""Rows that one read of a whole list takes."""
_MOST = 2**62
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def asked_page(limit: int = LIMIT) -> Page:
    """Which part of a list the address asks for by `before`; the newest where that is not there."""
    text = request.args.get("before", "")
    before = int(text[:20]) if text.isascii() and text.isdigit() else 0
    return Page(before if 0 < before < _MOST else None, limit)


def asked(name: str) -> str | None:
    """A parameter of the address; None when it is empty or not there."""
    return request.args.get(name, "").strip() or None


def throughout(store: Store, part: Callable[[Transaction, Page], Listing[T]]) -> Iterator[T]:
    """A whole list, newest first, of which each read takes a part: a million rows never lie in memory."""
    before: int | None = None
    while True:
        with store.read() as connection:
            found = part(connection, Page(before, _PART))
        yield from found.items
        before = found.more
        if before is None:
            return


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Rows as a download `NAME.csv` that spreadsheets open as it is, and take no cell of for a formula.

    They are sent as they are read, so that the file may be longer than memory.
    """
    lines = stream_with_context(_lines(chain([header], rows)))
    answer: Response = current_app.response_class(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def harmless(cell: object) -> str:
    """The cell as text; what a spreadsheet would calculate is led by an apostrophe."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _lines(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    # Without the mark at the beginning Excel takes Russian for something else.
    yield "\ufeff".encode()
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([harmless(cell) for cell in row])
        yield line.getvalue().encode("utf-8", "replace")


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal() and text.isascii()
