from __future__ import annotations

import contextlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DocumentError
from bridge.webhook.decode.multipart import read_multipart
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import outcome

TYPE = "multipart/form-data; boundary=----x1"


def part(name: str, value: str, more: str = "") -> str:
    return f'------x1\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


def body(*parts: str) -> bytes:
    return ("".join(parts) + "------x1--\r\n").encode()


def trouble(data: bytes, content_type: str = TYPE) -> str:
    with pytest.raises(DocumentError) as caught:
        read_multipart(data, content_type)
    return caught.value.message


def test_fields_are_read_in_the_order_sent() -> None:
    assert read_multipart(body(part("products[0][name]", "Курс «А»"), part("sum", "")), TYPE) == (
        ("products[0][name]", "Курс «А»"),
        ("sum", ""),
    )


def test_values_keep_line_ends_and_what_looks_like_a_boundary() -> None:
    assert read_multipart(body(part("a", "1\r\n\r\n--x1\n")), TYPE) == (("a", "1\r\n\r\n--x1\n"),)


def test_a_part_may_have_more_headers_and_its_name_escapes() -> None:
    data = body(part('q%22\\"', "v", "\r\nContent-Type: text/plain; charset=utf-8"))
    assert read_multipart(data, TYPE) == (('q""', "v"),)


def test_a_file_gives_its_name_and_not_its_bytes() -> None:
    data = body(part("scan", "\x89PNG", '; filename="scan.png"\r\nContent-Type: image/png'))
    assert read_multipart(data, TYPE) == (("scan", "scan.png"),)


@pytest.mark.parametrize(
    "content_type",
    ['multipart/form-data; charset=utf-8; boundary="----x1"', "MULTIPART/form-data;BOUNDARY=----x1"],
)
def test_the_boundary_may_be_quoted_and_written_large(content_type: str) -> None:
    assert read_multipart(body(part("a", "1")), content_type) == (("a", "1"),)


def test_a_sample_without_headers_names_its_boundary_itself() -> None:
    assert read_multipart(body(part("a", "1")), "") == (("a", "1"),)


def test_windows_1251_is_read_where_the_source_says_so() -> None:
    data = body(part("Имя", "Пётр")).decode().encode("cp1251")
    assert read_multipart(data, TYPE, "windows-1251") == (("Имя", "Пётр"),)
    assert trouble(data) == "a part of the multipart body is not utf-8"


def test_a_cut_or_malformed_body_is_reported() -> None:
    assert trouble(body(part("a", "1"))[:-6]) == (
        "the multipart body is cut short: its closing boundary is missing"
    )
    assert trouble(b"a=1") == "the multipart body is cut short: its closing boundary is missing"
    assert trouble(b"------x1\r\nno head------x1--") == (
        "the multipart body is cut short: its closing boundary is missing"
    )
    assert trouble(b"------x1\r\nno head\r\n------x1--") == "a part of the multipart body has no proper head"
    assert trouble(b"------x1\r\nContent-Disposition: form-data\r\n\r\nv\r\n------x1--") == (
        "a part of the multipart body has no name"
    )
    assert trouble(b"x", "multipart/form-data") == "the multipart body's Content-Type names no boundary"


def test_five_thousand_parts_are_read_and_more_are_not() -> None:
    assert len(read_multipart(body(*[part("a", "1")] * 5_000), TYPE)) == 5_000
    assert trouble(body(*[part("a", "1")] * 5_001)) == "the form has more than 5000 fields"


@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_bytes_are_fields_or_a_document_error(data: bytes, content_type: str) -> None:
    for kind in (content_type, TYPE):
        found = outcome(partial(read_multipart, b"------x1\r\n" + data + b"\r\n------x1--", kind))
        assert isinstance(found, tuple | DocumentError)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n------x1" * 100_000,
        b'------x1\r\nContent-Disposition: form-data; name="' + b"\\" * 900_000 + b"\r\n\r\n\r\n------x1--",
        b"------x1\r\nContent-Disposition:" + b"; name" * 1_300 + b"\r\n\r\n\r\n------x1--",
    ],
)
def test_a_megabyte_of_malice_ends_within_seconds(data: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(DocumentError):
            read_multipart(data, TYPE)

    assert seconds_of(read) < SOON
