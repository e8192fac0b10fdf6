"""Strict reading of YAML: what a scalar means, where a node is, what is refused and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number, to_json
from bridge.language.document import MAX_BYTES, read
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence, plain, scalars
from bridge.model import Json
from bridge.reasons.reason import GeneralCode, Reason
from tests.support.timing import SOON, seconds_of

STRAY = Reason(GeneralCode.VERBATIM, text="stray")


def node_of(text: str | bytes) -> Node:
    report = Report("file.yml")
    node = read(text.encode() if isinstance(text, str) else text, report)
    assert node is not None
    assert report.findings == []
    return node


def finding_of(text: str | bytes) -> str:
    report = Report("file.yml")
    node = read(text.encode() if isinstance(text, str) else text, report)
    assert node is None
    assert report.failed
    (finding,) = report.findings
    return str(finding)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("+79161234567", "+79161234567"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("=", "="),
        ("12", 12),
        ("-7", -7),
        ("9007199254740993", 9007199254740993),
        ("1990.00", Number("1990.00")),
        ("1e3", Number("1e3")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("''", ""),
        ("'12'", "12"),
        ('"true"', "true"),
        ("$.a.b", "$.a.b"),
    ],
)
def test_a_scalar_means_what_it_shows(text: str, wanted: Json) -> None:
    value = plain(node_of(f"key: {text}"))["key"]
    assert value == wanted
    assert type(value) is type(wanted)


def test_a_number_keeps_its_digits() -> None:
    assert [str(value) for value in plain(node_of("[1990.00, 1e3, -0.10]"))] == ["1990.00", "1e3", "-0.10"]


def test_a_number_too_long_to_be_one_stays_a_text() -> None:
    assert plain(node_of("9" * 5000)) == "9" * 5000
    assert plain(node_of("1e99999")) == "1e99999"


def test_an_empty_value_is_null() -> None:
    assert plain(node_of("a:\nb: {c, d: }")) == {"a": None, "b": {"c": None, "d": None}}


def test_nodes_know_line_and_column_from_one() -> None:
    node = node_of("rules:\n  - name: 'имя'\n    when: {$.a: 1}\n")
    places = [(type(one).__name__, one.line, one.column) for one in (node, *scalars(node))]
    assert places == [
        ("Mapping", 1, 1),
        ("Scalar", 1, 1),
        ("Scalar", 2, 5),
        ("Scalar", 2, 11),
        ("Scalar", 3, 5),
        ("Scalar", 3, 12),
        ("Scalar", 3, 17),
    ]


def test_a_finding_inside_a_text_points_at_its_very_character() -> None:
    report = Report("file.yml")
    node = read(b"a: '$.x y'\nb: $.x y\n", report)
    assert isinstance(node, Mapping)
    for _, value in node.entries:
        report.add(value, "M201", STRAY, 4)
    report.add(node, "M103", STRAY, 4)
    assert [(one.line, one.column) for one in report.findings] == [(1, 9), (2, 8), (1, 1)]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("$.имя y", 9),
        ("'$.имя y'   # comment", 10),
        ('"$.имя y"', 10),
        ("'it''s $.x'", 4),
        ('"\\u0024.x y"', 4),
        ("|\n  $.x y", 4),
        ("'$.x\n  y'", 4),
        ("$.x\n  y", 4),
    ],
)
def test_where_the_file_shows_a_text_otherwise_a_finding_points_at_its_beginning(
    text: str, columns: int
) -> None:
    report = Report("file.yml")
    node = read(f"a: {text}\n".encode(), report)
    assert isinstance(node, Mapping)
    report.add(node.entries[0][1], "M201", STRAY, 5)
    assert [(one.line, one.column) for one in report.findings] == [(1, columns)]


def test_a_mapping_gives_its_values_and_keys_by_name() -> None:
    node = node_of("a: 1\nb: [2]\n")
    assert isinstance(node, Mapping)
    assert node.get("a") == Scalar(1, 4, 1, "1")
    assert node.key("b") == Scalar(2, 1, "b", "b")
    assert node.get("b") == Sequence(2, 4, (Scalar(2, 5, 2, "2"),))
    assert node.get("c") is None
    assert node.key("c") is None


def test_an_alias_is_its_anchors_node_with_its_place() -> None:
    node = node_of("a: &x [1]\nb: *x\n")
    assert isinstance(node, Mapping)
    assert plain(node) == {"a": [1], "b": [1]}
    assert node.get("b") is node.get("a")


def test_a_duplicate_key_is_a_finding_and_the_rest_still_read() -> None:
    report = Report("file.yml")
    node = read(b"a: 1\nb: 2\na: 3\n'b': 4\n", report)
    assert node is not None
    assert plain(node) == {"a": 1, "b": 2}
    assert [str(finding) for finding in report.findings] == [
        'file.yml:3:1: M101 duplicate key "a"; the first is in line 1',
        'file.yml:4:1: M101 duplicate key "b"; the first is in line 2',
    ]


def test_a_quoted_merge_sign_is_an_ordinary_key() -> None:
    assert plain(node_of("'<<': 1")) == {"<<": 1}


_HINT_UTF8 = "save it as UTF-8 without BOM"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "1:1: M100 the file is empty"),
        ("# only a comment", "1:1: M100 the file is empty"),
        ("\ufeffa: 1", f"1:1: M100 the file begins with a byte order mark; {_HINT_UTF8}"),
        ("a: 1".encode("utf-16"), f"1:1: M100 the file begins with a byte order mark; {_HINT_UTF8}"),
        ("a: 1\nb: имя".encode("cp1251"), "2:4: M100 byte 0xe8 is not UTF-8; save it as UTF-8"),
        (
            "a: 1\r\nb: x\x07y",
            '2:5: M100 control character U+0007; remove it or write it as "\\u0007" in double quotes',
        ),
        (
            "a: x\u2028y",
            '1:5: M100 control character U+2028; remove it or write it as "\\u2028" in double quotes',
        ),
        ("a:\n\t- x", "2:1: M100 there is a tab here; indent with blanks"),
        ("a: @x", '1:4: M100 a text cannot begin with "@"; put it in quotes'),
        ("a: `x`", '1:4: M100 a text cannot begin with "`"; put it in quotes'),
        ("a: %x", '1:4: M100 a text cannot begin with "%"; put it in quotes'),
        ("a: 'x\nb: c\n", "1:4: M100 this quote is not closed"),
        (
            "a: b: c",
            "1:5: M100 not YAML: mapping values are not allowed in this context; "
            'a second ": " in one line, or a wrong indentation; quote the text',
        ),
        (
            "a: {path: $.x[0].y}",
            "1:14: M100 not YAML: did not find expected ',' or '}'; "
            "quote what holds brackets or commas inside { }",
        ),
        (
            "a:\n  - b\n c: 1",
            "3:2: M100 not YAML: did not find expected key; "
            "this line does not fit the keys above it; look at its indentation",
        ),
        (
            "%YAML 1.2\n---\na: 1",
            "1:1: M100 YAML directives are not read; remove the lines that begin with %",
        ),
        ("a: 1\n---\nb: 1", "2:1: M100 a second document begins here; one file holds one document"),
        ("a: !!str 1", "1:4: M100 tag !!str is not read; write the value without a tag"),
        ("a: !env X", "1:4: M100 tag !env is not read; write the value without a tag"),
        ("<<: {a: 1}", "1:1: M100 merge keys are not read; write the keys out"),
        ("? [a]\n: b", "1:3: M100 a key must be a text; put it in quotes if it has brackets"),
        ("a: &x 1\nb: &x 2", "2:4: M100 duplicate anchor &x"),
        ("a: &x [*x]", "1:8: M100 alias *x is inside its own anchor"),
        ("a: *x", '1:4: M100 alias *x has no anchor before it; write "*" in quotes if a text is meant'),
        (
            "a: *.jpg",
            "1:5: M100 not YAML: did not find expected alphabetic or numeric character; "
            'put a text that begins with "*" or "&" in quotes',
        ),
        ("[" * 21, "1:21: M102 nested deeper than 20 levels"),
        (
            "a: &x " + "[" * 10 + "]" * 10 + "\nb: " + "[" * 12 + "*x" + "]" * 12,
            "2:16: M102 nested deeper than 20 levels",
        ),
        ("a: &x 1\nb: [" + "*x," * 51 + "]", "2:155: M102 more than 50 aliases"),
        (b"#" * (MAX_BYTES + 1), "1:1: M102 the file has 1048577 bytes, at most 1048576 are read"),
    ],
)
def test_a_file_that_is_not_read_says_where_and_what_to_do(text: str | bytes, wanted: str) -> None:
    assert finding_of(text) == f"file.yml:{wanted}"


def test_a_bomb_of_aliases_ends_at_once() -> None:
    text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    text += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 6))
    assert finding_of(text) == "file.yml:6:10: M102 more than 200000 values"
    assert seconds_of(lambda: finding_of(text)) < SOON


@pytest.mark.parametrize("text", ["[" * 900_000, "- ? " * 200_000, "[" + "a," * 500_000, "&a " * 300_000])
def test_a_megabyte_of_malice_ends_within_seconds(text: str) -> None:
    assert seconds_of(lambda: finding_of(text)) < SOON


_PIECES = st.sampled_from(
    [
        "a",
        ": ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "&x ",
        "*x",
        "!t ",
        "|\n",
        ">",
        "#",
        "\t",
        "%",
    ]
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_reported(data: bytes) -> None:
    assert _read_or_reported(data)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_yaml_like_text_is_read_or_reported(text: str) -> None:
    assert _read_or_reported(text.encode())


def _read_or_reported(data: bytes) -> bool:
    """Whether the file was read or has an error, and every finding is at a place of the file."""
    report = Report("file.yml")
    node = read(data, report)
    lines = data.decode("utf-8", "replace").count("\n") + data.count(b"\r") + 1
    placed = all(1 <= finding.line <= lines + 1 and finding.column >= 1 for finding in report.findings)
    return placed and (node is not None or report.failed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text("abжи0 :#-'", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc ", min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_json_reads_as_itself(value: Json) -> None:
    assert plain(node_of(to_json(value))) == value
