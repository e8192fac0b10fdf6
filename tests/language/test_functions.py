"""Every function of a pipe: what it gives, what it refuses, and which arguments are findings."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number, from_json, to_json
from bridge.jsonpath.scope import ABSENT
from bridge.language.functions import FUNCTIONS
from bridge.language.functions.base import MAX_TEXT
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from tests.language.given import findings_of_step, piped, refused, render

SPEC = (
    "trim lower upper title digits phone int number round multiply divide add date join first last count sum "
    "map regex replace slice split json to_json default base64 urldecode length hash"
)


def test_the_functions_are_those_of_the_language() -> None:
    assert sorted(FUNCTIONS) == sorted(SPEC.split())


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("trim", "  a b \n", "a b"),
        ("trim", 12, "12"),
        ("lower", "ИВАН Ivan", "иван ivan"),
        ("upper", "straße", "STRASSE"),
        ("title", "иван  пЕТРОВ-водкин o'neil", "Иван  Петров-Водкин O'neil"),
        ("digits", "+7 (916) 12-3", "791612" + "3"),
        ("digits", "нет", ""),
        ("digits", "١٢3", "3"),
        ("length", "приём", 5),
        ("length", [1, 2], 2),
        ("length", {"a": 1}, 1),
        ("length", Number("1.50"), 4),
        ("slice: 3", "абвгд", "абв"),
        ("slice: [1, 3]", "абвгд", "бв"),
        ("slice: [-2, 5]", "абвгд", "гд"),
        ("slice: [0, 9]", "аб", "аб"),
        ("slice: [1, 2]", ["a", "b", "c"], None),
        ("split: ','", "a, b ,c", None),
    ],
)
def test_functions_of_texts(step: str, value: Json, wanted: Json) -> None:
    lists = {"slice: [1, 2]": ["b"], "split: ','": ["a", "b", "c"]}
    step_text = f"{{{step}}}" if ":" in step else step
    assert piped(step_text, value) == (lists[step] if wanted is None else wanted)


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("int", "1990.00", "1990"),
        ("int", " 42 ", "42"),
        ("int", -3, "-3"),
        ("number", "1 990,50", "1990.50"),
        ("number", "1\u00a0990\u202f000", "1990000"),
        ("number", "1,990.50", "1990.50"),
        ("number", "1.990,50", "1990.50"),
        ("number", "1.990.000", "1990000"),
        ("number", "12,5", "12.5"),
        ("number", "0,500", "0.500"),
        ("number", "1,990,000", "1990000"),
        ("{number: ','}", "1,990", "1.990"),
        ("{number: '.'}", "1,990", "1990"),
        ("number", Number("1990.00"), "1990.00"),
        ("number", "-7", "-7"),
        ("round", "2.5", "3"),
        ("round", "-2.5", "-3"),
        ("{round: 2}", "1.005", "1.01"),
        ("{round: 2}", 49, "49.00"),
        ("{round: 2, mode: half_even}", "1.005", "1.00"),
        ("{round: 0, mode: down}", "1.99", "1"),
        ("{round: 0, mode: up}", "1.01", "2"),
        ("{multiply: 100}", "19.90", "1990"),
        ("{multiply: 100}", Number("0.07"), "7"),
        ("{multiply: 1.1}", "1.1", "1.21"),
        ("{multiply: 0}", "19.90", "0"),
        ("{divide: 100}", 199000, "1990"),
        ("{divide: 100}", 199050, "1990.5"),
        ("{divide: 3}", 10, "3.333333333333"),
        ("{divide: -4}", 1, "-0.25"),
        ("{add: 0.10}", "19.90", "20.00"),
        ("{add: -1}", "1", "0"),
        ("{multiply: 10}", "1e3", "10000"),
    ],
)
def test_functions_of_numbers_are_exact(step: str, value: Json, wanted: str) -> None:
    assert text_of(piped(step, value)) == wanted


@pytest.mark.parametrize(
    "step", ["int", "number", "round", "{multiply: 2}", "phone", "{date: iso}", "base64"]
)
@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_form_field_is_as_good_as_absent_to_what_reads_a_value(step: str, blank: str) -> None:
    assert piped(step, blank) is ABSENT


@pytest.mark.parametrize(
    ("step", "value", "why"),
    [
        ("int", "19.5", 'int: "19.5" is not a whole number; round it first'),
        ("int", True, "int: true is not a number"),
        ("{multiply: 2}", "1 990", 'multiply: "1 990" is not a number'),
        ("{multiply: 2}", "٣", 'multiply: "٣" is not a number'),
        ("{add: 1}", {"a": 1}, "add: an object is not a number"),
        ("number", "abc", 'number: "abc" is not a number'),
        ("number", "1.2.3,4,5", 'number: "1.2.3,4,5" is not a number'),
        (
            "number",
            "1,990",
            'number: "1,990" may be whole or not; say which: {number: ","} or {number: "."}',
        ),
        (
            "{multiply: 2}",
            Number("1e999999999"),
            "multiply: 1e999999999 has more than 30 digits before or after the point",
        ),
        (
            "{multiply: 10}",
            "9" * 30,
            "multiply: 9" + "9" * 29 + "0 has more than 30 digits before or after the point",
        ),
        ("{add: 1}", Number("1e-40"), "add: 1e-40 has more than 30 digits before or after the point"),
        ("round", Number("1e-999999"), "round: 1e-999999 has more than 30 digits before or after the point"),
        ("sum", ["1", "x"], 'sum: "x" is not a number'),
    ],
)
def test_what_is_no_number_or_too_long_is_unusable_at_once(step: str, value: Json, why: str) -> None:
    assert refused(step, value) == why


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_roubles_to_kopecks_and_back_lose_nothing(amount: Decimal) -> None:
    kopecks = piped("{multiply: 100}", str(amount))
    assert isinstance(kopecks, int)
    assert Decimal(text_of(piped("{divide: 100}", kopecks))) == amount


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("sum", ["1.10", Number("2.20"), None, 3, ""], "6.30"),
        ("sum", [], "0"),
        ("sum", "5", "5"),
        ("count", [1, None], "2"),
        ("count", [], "0"),
        ("count", {"a": 1, "b": 2}, "2"),
        ("count", "one", "1"),
        ("join", ["a", 1, None, True], "a, 1, true"),
        ("{join: ' + '}", ["a", "b"], "a + b"),
        ("{join: ''}", ["a", "b"], "ab"),
        ("join", "alone", "alone"),
        ("first", ["a", "b"], "a"),
        ("last", ["a", "b"], "b"),
        ("first", "alone", "alone"),
    ],
)
def test_functions_of_lists(step: str, value: Json, wanted: str) -> None:
    assert text_of(piped(step, value)) == wanted


@pytest.mark.parametrize("step", ["first", "last", "join"])
def test_an_empty_list_gives_nothing(step: str) -> None:
    assert piped(step, []) is ABSENT


def test_a_list_inside_a_list_cannot_be_joined() -> None:
    assert refused("join", [["a"]]) == "join: the value is a list, not a single value"


def test_a_function_of_texts_works_on_each_element_of_a_list() -> None:
    assert piped("upper, {join: ' '}", ["a", None, "b"]) == "A B"
    assert (
        render("{path: '$.it[*].n', pipe: [trim, upper, join]}", {"it": [{"n": " a"}, {"n": "b"}]}) == "A, B"
    )


def test_an_element_without_a_result_drops_out_of_its_list() -> None:
    assert piped("{regex: '[0-9]+'}, join", ["a1", "b", "c2"]) == "1, 2"


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("{map: {won: Выиграна, 142: done}}", "won", "Выиграна"),
        ("{map: {142: done}}", 142, "done"),
        ("{map: {true: yes}}", True, "yes"),
        ("{map: {won: Выиграна}}", "lost", ABSENT),
        ("{map: {a: 1.50}}", "a", Number("1.50")),
        ("{default: x}", None, "x"),
        ("{default: x}", "", ""),
        ("{default: x, empty: true}", "", "x"),
        ("{default: x, empty: true}", [], "x"),
        ("{default: x}", "given", "given"),
        ("{default: 0}", None, 0),
    ],
)
def test_functions_that_put_one_value_in_anothers_place(step: str, value: Json, wanted: Json) -> None:
    assert piped(step, value) == wanted


def test_only_default_sees_what_is_absent() -> None:
    assert render("{path: $.gone, pipe: [upper, {multiply: 2}]}", {}) is ABSENT
    assert render("{path: $.gone, pipe: [upper, {default: none}, upper]}", {}) == "NONE"
    assert render("{path: $.null, pipe: [upper, count]}", {"null": None}) is None


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        (r"{regex: '№(\d+)'}", "Заказ №17", "17"),
        (r"{regex: '\d+'}", "Заказ №17", "17"),
        (r"{regex: '(\d)(\d)', group: 2}", "17", "7"),
        (r"{regex: '(\d)(\d)', group: 0}", "17", "17"),
        (r"{regex: '^\p{L}+'}", "Привет, мир", "Привет"),
        (r"{regex: 'x(y)?'}", "x", ABSENT),
        (r"{regex: 'x'}", "y", ABSENT),
        (r"{regex: 'x'}", "\ud800x", ABSENT),
        ("{replace: '.', with: ','}", "1.2.3", "1,2,3"),
        ("{replace: ' '}", "1 990", "1990"),
        (r"{replace: {regex: '\D+'}}", "+7 (916)", "7916"),
        (r"{replace: {regex: '(\w+)@(\w+)'}, with: '\2 at \1 \0 \\'}", "a@b", r"b at a a@b \ "[:-1]),
        (r"{replace: {regex: '(x)|y'}, with: '[\1]'}", "xy", "[x][]"),
    ],
)
def test_functions_that_find_and_replace(step: str, value: Json, wanted: Json) -> None:
    assert piped(step, value) == wanted


def test_replacing_cannot_blow_a_text_up() -> None:
    long = "a" * 60_000
    assert refused(f"{{replace: a, with: {'b' * 100}}}", long) == (
        "replace: the replacements give a text longer than 65,536 characters"
    )
    assert refused(r"{replace: {regex: '.*'}, with: '\0\0\0'}", long) == (
        "replace: the replacements give a text longer than 65,536 characters"
    )
    assert refused("{regex: b}", "a" * (MAX_TEXT + 1)) == (
        "regex: a text of 65,537 characters is longer than 65,536"
    )


def test_half_a_surrogate_pair_cannot_be_replaced() -> None:
    assert refused("{replace: {regex: x}}", "\ud800x") == (
        "replace: the text contains an unpaired surrogate, which is not a character"
    )


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2024-05-22T14:17:17.000000Z", "2024-05-22T14:17:17+00:00"),
        ("2024-05-22T14:17:17+03:00", "2024-05-22T14:17:17+03:00"),
        ("2024-05-22T14:17:17+0300", "2024-05-22T14:17:17+03:00"),
        ("2024-05-22 14:17:17 +03", "2024-05-22T14:17:17+03:00"),
        ("2024-05-22 14:17:17 UTC", "2024-05-22T14:17:17+00:00"),
        ("2024-05-22 14:17:17", "2024-05-22T14:17:17+00:00"),
        ("2024-05-22 14:17", "2024-05-22T14:17:00+00:00"),
        ("2024-05-22", "2024-05-22T00:00:00+00:00"),
        ("20240522", "2024-05-22T00:00:00+00:00"),
        ("20240522141717", "2024-05-22T14:17:17+00:00"),
        (1716387437, "2024-05-22T14:17:17+00:00"),
        ("1716387437", "2024-05-22T14:17:17+00:00"),
        (1716387437999, "2024-05-22T14:17:17+00:00"),
        (Number("1716387437.25"), "2024-05-22T14:17:17+00:00"),
        (-1, "1969-12-31T23:59:59+00:00"),
    ],
)
def test_date_reads_iso_8601_and_unix_times(value: Json, wanted: str) -> None:
    assert piped("{date: iso}", value) == wanted


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        ("{date: '%d.%m.%Y %H:%M', tz: Europe/Moscow}", "09.05.2024 01:04"),
        ("{date: '%-d.%-m.%y %-H:%M:%S', tz: Europe/Moscow}", "9.5.24 1:04:05"),
        ("{date: '%A, %-d %B', tz: Europe/Moscow, language: ru}", "четверг, 9 мая"),
        ("{date: '%a %d %b %Y'}", "Wed 08 May 2024"),
        ("{date: '%I:%M %p %j %u %V %G %f'}", "10:04 PM 129 3 19 2024 000000"),
        ("{date: '%F %T %z %Z', tz: Asia/Yekaterinburg}", "2024-05-09 03:04:05 +0500 +05"),
        ("{date: unix}", "1715205845"),
        ("{date: '%s'}", "1715205845"),
        ("{date: '100%% за %H ч'}", "100% за 22 ч"),
    ],
)
def test_date_writes_the_owners_format_in_the_owners_zone(step: str, wanted: str) -> None:
    assert piped(step, "2024-05-08T22:04:05Z") == wanted


def test_times_that_tell_no_zone_are_in_from_tz() -> None:
    step = "{date: '%H:%M', from_tz: Europe/Moscow, tz: UTC}"
    assert piped(step, "2024-05-08 22:04") == "19:04"
    assert piped(step, "2024-05-08T22:04Z") == "22:04"
    assert piped(step, 1715205845) == "22:04"


def test_a_moscow_time_before_2011_has_the_offset_it_had_then() -> None:
    assert piped("{date: '%H:%M', tz: Europe/Moscow}", "2010-07-01T12:00:00Z") == "16:00"


def test_other_spellings_are_read_by_a_format_of_their_own() -> None:
    step = "{date: iso, from: '%d.%m.%Y %H:%M', from_tz: Europe/Moscow}"
    assert piped(step, "22.05.2024 14:17") == "2024-05-22T14:17:00+03:00"
    assert refused(step, "2024-05-22") == 'date: "2024-05-22" is not a time of the form "%d.%m.%Y %H:%M"'


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("вчера", 'date: "вчера" is not a time; ISO 8601 and unix times are read as they are'),
        ("2024-13-01", 'date: "2024-13-01" is not a time; ISO 8601 and unix times are read as they are'),
        ("٢٠٢٤-٠٥-٢٢", 'date: "٢٠٢٤-٠٥-٢٢" is not a time; ISO 8601 and unix times are read as they are'),
        (True, 'date: "true" is not a time; ISO 8601 and unix times are read as they are'),
        (
            Number("1e999999999"),
            'date: "1e999999999" is not a time; ISO 8601 and unix times are read as they are',
        ),
        ("0001-01-01T00:00:00+14:00", 'date: "0001-01-01T00:00:00+14:00" is a time out of range'),
    ],
)
def test_what_is_no_time_is_unusable(value: Json, why: str) -> None:
    assert refused("{date: iso, tz: UTC}", value) == why


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("phone", "8 (916) 123-45-67", "+79161234567"),
        ("phone", "+7 916 123 45 67", "+79161234567"),
        ("phone", "9161234567", "+79161234567"),
        ("phone", 79161234567, "+79161234567"),
        ("phone", "+44 20 7946 0018", "+442079460018"),
        ("{phone: KZ}", "8 (701) 123-45-67", "+77011234567"),
        ("{phone: US}", "(202) 555-0143", "+12025550143"),
    ],
)
def test_phone_writes_e164(step: str, value: Json, wanted: str) -> None:
    assert piped(step, value) == wanted


@pytest.mark.parametrize("value", ["нет", "12", "8 916 123-45-67-89-00-11", "+", "9" * 300])
def test_what_is_no_phone_number_is_unusable(value: str) -> None:
    assert refused("phone", value).startswith("phone: ")


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("json, to_json", '{"a": [1.50, 9007199254740993]}', '{"a":[1.50,9007199254740993]}'),
        ("{json: '$.a[*].b'}, join", '{"a": [{"b": 1}, {"b": 2.0}]}', "1, 2.0"),
        ("{json: $.a}", '{"a": "x"}', "x"),
        ("{json: $.b}", '{"a": "x"}', ABSENT),
        ("{json: $.a}", {"a": "read already"}, "read already"),
        ("to_json", ["я", None], '["я",null]'),
        ("to_json", Number("1990.00"), "1990.00"),
        ("base64", "0L/RgNC4", "при"),
        ("base64", "_-8", None),
        ("base64", " 0L_R\ngNC4 ", "при"),
        ("base64", "YQ", "a"),
        ("{base64: encode}", "при", "0L/RgNC4"),
        ("urldecode", "%D0%B0+b%2B", "а b+"),
        ("hash", "x", hashlib.sha256(b"x").hexdigest()),
        ("{hash: md5}", "я", hashlib.md5("я".encode()).hexdigest()),
        ("{hash: sha1}", "x", hashlib.sha1(b"x").hexdigest()),
        ("{hash: sha512}", "x", hashlib.sha512(b"x").hexdigest()),
    ],
)
def test_functions_that_undo_an_encoding(step: str, value: Json, wanted: Json) -> None:
    if wanted is None:
        assert refused(step, value) == f'base64: "{value}" is not a text in base64'
    else:
        assert piped(step, value) == wanted


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{", 'json: "{" is not JSON'),
        ("NaN", 'json: "NaN" is not JSON'),
        ("1e99999999999999999999", 'json: "1e99999999999999999999" is not JSON'),
        ("[" * 100 + "]" * 100, "json: the JSON text is nested deeper than 64 levels"),
        ("[" * 100_000, None),
        ("9" * 5000, None),
        (" " * (1 << 20) + "11", "json: a JSON text of 1,048,578 characters is longer than 1,048,576"),
    ],
)
def test_hostile_json_text_is_unusable(value: str, why: str | None) -> None:
    assert refused("json", value) == (why or f'json: "{value[:60]}…" is not JSON')


def test_bytes_that_are_no_text_are_unusable() -> None:
    assert refused("urldecode", "%ff") == 'urldecode: "%ff" does not decode to UTF-8'
    assert refused("base64", "/w==") == 'base64: "/w==" is not a text in base64'
    surrogate = "the text contains an unpaired surrogate, which is not a character"
    assert refused("hash", "\ud800") == f"hash: {surrogate}"
    assert refused("{base64: encode}", "\ud800") == f"base64: {surrogate}"


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        ("uper", '1: M203 unknown function "uper"; did you mean "upper"?'),
        ("{rond: 2}", '2: M203 unknown function "rond"; did you mean "round"?'),
        ("12", "1: M203 expected a function such as trim or {round: 2}, found the number 12"),
        ("[trim]", "1: M203 expected a function such as trim or {round: 2}, found a list"),
        ("{}", "1: M203 expected a function such as trim or {round: 2}, found a mapping"),
        ("{trim: 2}", "8: M204 trim: takes no argument, found the number 2"),
        ("multiply", "1: M204 multiply: the argument is missing, write {multiply: …}"),
        ("{multiply: }", "1: M204 multiply: the argument is missing, write {multiply: …}"),
        ("{multiply: two}", '12: M103 expected a number, found the text "two"'),
        ("{divide: 0}", "10: M204 divide: expected a number other than 0"),
        ("{divide: 0.00}", "10: M204 divide: expected a number other than 0"),
        (
            "{multiply: 1e40}",
            "12: M204 multiply: 1e40 has more than 30 digits before or after the point",
        ),
        ("{round: -1}", "9: M103 expected at least 0, found the number -1"),
        ("{round: 13}", "9: M204 round: expected at most 12 places, found 13"),
        (
            "{round: 1, mode: half}",
            '18: M106 "half" is not one of half_up, half_even, down, up; did you mean "half_up"?',
        ),
        ("{round: 1, mod: up}", '12: M104 unknown key "mod"; did you mean "mode"?'),
        ("{slice: [1, 2, 3]}", "9: M204 slice: expected one or two whole numbers, found 3"),
        ("{slice: a}", '9: M103 expected a whole number, found the text "a"'),
        ("{split: ''}", "9: M204 split: expected a separator, found an empty text"),
        ("{regex: '('}", "9: M207 regex: the pattern is not read by RE2: missing ): ("),
        (
            "{regex: '(?=a)'}",
            "9: M207 regex: the pattern is not read by RE2: invalid perl operator: (?=; "
            "RE2 has no look-around and no back-references",
        ),
        ("{regex: a, group: 1}", "19: M204 regex: the pattern has 0 groups, found 1"),
        (
            r"{regex: '\bпривет'}",
            r"9: W502 \w, \d, \s and \b know only ASCII; for letters of any language write \p{L}, "
            r"for digits \p{Nd}",
        ),
        ("{replace: [a]}", "11: M204 replace: expected a text or {regex: …}, found a list"),
        ("{replace: {regx: a}}", "11: M204 replace: expected a text or {regex: …}, found a mapping"),
        (r"{replace: {regex: a}, with: '\1'}", r"29: M204 replace: the pattern has 0 groups, found \1"),
        ("{replace: {regex: 5}}", "19: M204 replace: expected a regular expression, found the number 5"),
        ("{map: [a]}", "7: M204 map: expected a mapping of values, found a list"),
        ("{map: {a: [b]}}", "11: M204 map: expected a text, number, true or false, found a list"),
        ("{default: [a]}", "11: M204 default: expected a text, number, true or false, found a list"),
        (
            "{date: '%d.%q'}",
            '8: M204 date: unknown directive "%q"; known are %d %m %Y %y %H %I %p %M %S %f %z %Z %j %u %V %G '
            "%F %T %s %% %B %b %A %a",
        ),
        ("{date: ''}", "8: M204 date: expected a format of 1 to 200 characters, found 0"),
        (
            "{date: iso, tz: Moscow}",
            '17: M204 date: unknown time zone "Moscow"; did you mean "Europe/Moscow"?',
        ),
        ("{date: iso, from_tz: MSK3}", '22: M204 date: unknown time zone "MSK3"'),
        (
            "{date: iso, from: '%d.%q'}",
            '19: M204 date: "%d.%q" is not a format to read by; write it as "%d.%m.%Y %H:%M"',
        ),
        (
            "{date: iso, from: '%d%d'}",
            '19: M204 date: "%d%d" is not a format to read by; write it as "%d.%m.%Y %H:%M"',
        ),
        (
            "{phone: Russia}",
            '9: M204 phone: expected a country in two letters such as RU, found "Russia"',
        ),
        ("{hash: sha3}", '8: M106 "sha3" is not one of sha256, sha1, md5, sha512; did you mean "sha1"?'),
        ("{json: a.b}", None),
        ("{json: $item.a}", '8: M204 json: expected a path that begins with $, found "$item.a"'),
    ],
)
def test_arguments_are_checked_at_their_position(step: str, finding: str | None) -> None:
    found = findings_of_step(step)
    assert len(found) == 1
    if finding is None:
        assert found[0].startswith("8: M204 json: ")
    else:
        assert found[0].startswith(finding)


def test_a_pipe_has_a_length() -> None:
    steps = ", ".join(["trim"] * 21)
    assert findings_of_step(steps) == ["0: M204 a pipe of 21 functions is longer than 20"]


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: Number(str(number))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
STEPS = [
    *(name for name, function in FUNCTIONS.items() if not function.required),
    "{multiply: 1.5}",
    "{divide: 7}",
    "{add: -1}",
    "{date: '%d.%m.%Y', tz: Europe/Moscow, from_tz: Asia/Tokyo}",
    "{date: iso, from: '%d.%m'}",
    "{map: {a: b}}",
    r"{regex: '(\p{L}+)'}",
    r"{replace: {regex: '.'}, with: 'ab'}",
    "{replace: a, with: bb}",
    "{slice: [1, -1]}",
    "{split: a}",
    "{default: x, empty: true}",
    "{base64: encode}",
    "{json: '$.a[*]'}",
]


@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=4), value=documents)
def test_no_function_raises_anything_but_unusable(steps: list[str], value: Json) -> None:
    assert _is_json_or_unusable(", ".join(steps), value)


@given(st.text() | st.text(alphabet=st.characters(codec=None)))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(_is_json_or_unusable(step, text) for step in STEPS)


def _is_json_or_unusable(step: str, value: Json) -> bool:
    """Whether a function makes a JSON value of another one, or says why it cannot use it."""
    try:
        result = piped(step, value)
    except Unusable as error:
        return error.message != ""
    return result is ABSENT or from_json(to_json(result)) == result
