"""Lists: which part of one is asked for, and lists as files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from flask import Response, current_app, request

from bridge.store.pages import Page

LIMIT: Final = 50
"""Rows on a page."""
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


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Rows as a download `NAME.csv` that spreadsheets open as it is, and take no cell of for a formula."""
    answer: Response = current_app.response_class(_lines([header, *rows]), mimetype="text/csv")
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
