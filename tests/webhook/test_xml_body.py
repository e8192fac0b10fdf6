from __future__ import annotations

import contextlib
import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DocumentError
from bridge.text.render import render
from bridge.webhook.decode.xml_body import read_xml
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import outcome


def trouble(body: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        read_xml(body)
    return caught.value.message


def test_elements_lose_their_namespaces_and_attributes_get_an_at() -> None:
    body = b"""<?xml version="1.0" encoding="UTF-8"?>
    <s:Envelope xmlns:s="http://a" xmlns:x="http://b"><s:Body><item x:type="x:Deal" no="7">
    <x:Id>1</x:Id><Nil/></item></s:Body></s:Envelope>"""
    assert read_xml(body) == {
        "Envelope": {"Body": {"item": {"@type": "x:Deal", "@no": "7", "Id": "1", "Nil": ""}}}
    }


def test_repeated_elements_are_a_list() -> None:
    assert read_xml(b"<a><b>1</b><c>2</c><b>3</b><b/></a>") == {"a": {"b": ["1", "3", ""], "c": "2"}}


def test_text_with_attributes_or_children_has_a_separate_key() -> None:
    assert read_xml(b'<a><b c="1"> t </b> u <d/> v</a>') == {
        "a": {"b": {"@c": "1", "#text": " t "}, "d": "", "#text": "u  v"}
    }


def test_characters_and_cdata_are_kept() -> None:
    assert read_xml("<a>Курс &amp; <![CDATA[<b>]]> 😀</a>".encode()) == {"a": "Курс & <b> 😀"}


def test_the_declared_encoding_counts_and_the_sources_charset_overrules_it() -> None:
    assert read_xml('<?xml version="1.0" encoding="utf-16"?><a>я</a>'.encode("utf-16")) == {"a": "я"}
    body = '<?xml version="1.0" encoding="windows-1251"?><a>я</a>'.encode("cp1251")
    assert read_xml(body, "windows-1251") == {"a": "я"}


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ],
)
def test_document_types_and_entities_are_refused(body: bytes) -> None:
    assert trouble(body) == "the XML declares a document type or entities, which are not read"


def test_invalid_xml_is_reported() -> None:
    assert trouble(b"") == "not XML: no element found: line 1, column 0"
    assert trouble(b"<a>") == "not XML: no element found: line 1, column 3"
    assert trouble(b'{"a":1}') == "not XML: not well-formed (invalid token): line 1, column 0"
    assert trouble(b'<?xml version="1.0" encoding="nonsense"?><a/>').startswith("not XML: ")


@pytest.mark.parametrize(
    "body",
    ["", "{", "<", "<a", "<a></b>", "<a b='1' b='2'/>", "<a/><b/>", "<?x", "<a>&b;</a>", "<a:b/>", "<a/>x"],
)
def test_what_is_wrong_with_xml_is_said_in_the_readers_language(body: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_xml(body.encode())
    words = render(caught.value.reason, "ru")
    assert not re.search("[a-z]", words), words
    assert words.startswith("не XML: ")


def test_limits_hold() -> None:
    assert trouble(b"<a>" * 70 + b"</a>" * 70) == "the document is nested deeper than 64 levels"
    assert trouble(b"<a>" + b"<b/>" * 100_001 + b"</a>") == "the document has more than 100000 values"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_a_document_error(body: bytes) -> None:
    for charset in ("utf-8", "windows-1251"):
        found = outcome(partial(read_xml, b"<a>" + body + b"</a>", charset))
        assert isinstance(found, DocumentError) or list(found) == ["a"]


@pytest.mark.parametrize(
    "body", [b"<a>" * 300_000, b"<a " + b'b="" ' * 190_000 + b"/>", b"<a>" + b"<b/>" * 250_000]
)
def test_a_megabyte_of_malice_ends_within_seconds(body: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(DocumentError):
            read_xml(body)

    assert seconds_of(read) < SOON
