"""What is no path: each fault has a code, its place and a word on what was meant."""

from __future__ import annotations

import pytest

from bridge.jsonpath.exact_numbers import from_json
from bridge.jsonpath.path import PathError, Scope, compile_path


def refusal(text: str) -> str:
    with pytest.raises(PathError) as caught:
        compile_path(text)
    error = caught.value
    return f"{error.code}@{error.offset} {error.message}" + (f"; {error.hint}" if error.hint else "")


_NO_ARITHMETIC = "a path does not calculate; use a pipe: multiply, divide, add, round"
_KNOWN = "known in filters: length, count, value, match, search; other functions go in a pipe"
_MANY = (
    "this path can give many values; "
    "a filter compares paths of names and numbers only; value(...) makes one value of many"
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "M201@0 a path begins with one of $, $headers, $query, $event, $item"),
        ("a.b", "M201@0 a path begins with one of $, $headers, $query, $event, $item"),
        (
            "$header.x",
            'M210@0 unknown root "$header"; did you mean "$headers"?; '
            "a member of the body is $.header, a plain text is {value: ...}",
        ),
        (
            "$[?@.a == $foo]",
            'M210@10 unknown root "$foo"; a member of the body is $.foo, a plain text is {value: ...}',
        ),
        ("$5", 'M201@1 "5" does not fit here; a text that begins with a dollar sign is {value: "$..."}'),
        ("$.", "M201@2 a name is missing after the dot"),
        ("$.a..", "M201@5 a name is missing after the dot"),
        ("$.a ", "M201@3 there is a blank after the path"),
        ("$. a", "M201@2 \" \" does not fit here; other names go in brackets: ['2nd name']"),
        ("$.a b", "M201@4 \"b\" does not fit here; a name with blanks goes in brackets: ['first name']"),
        ("$.2fa", "M201@2 \"2\" does not fit here; other names go in brackets: ['2nd name']"),
        ("$.a.[0]", 'M201@4 "[" does not fit here; write no dot before a bracket'),
        ("$.a\x07", 'M201@3 "U+0007" does not fit here'),
        (
            "$.a.length()",
            'M201@10 "(" does not fit here; write functions next to the path: {path: ..., pipe: [...]}',
        ),
        (
            "$.a|upper",
            'M201@3 "|" does not fit here; write functions next to the path: {path: ..., pipe: [...]}',
        ),
        ("$.a * 2", f'M201@4 "*" does not fit here; {_NO_ARITHMETIC}'),
        ("$.a + $.b", f'M201@4 "+" does not fit here; {_NO_ARITHMETIC}'),
        ("$.a`len`", 'M201@3 "`" does not fit here; a path has no commands; use a pipe'),
        ("$.a)", 'M201@3 ")" does not fit here'),
    ],
)
def test_steps(text: str, wanted: str) -> None:
    assert refusal(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$.a[", 'M201@3 this is not closed by "]"'),
        ("$.a['b'", 'M201@3 this is not closed by "]"'),
        ("$.a[]", 'M201@4 "]" does not fit here'),
        ("$.a[1,]", 'M201@6 "]" does not fit here'),
        ("$.a[,1]", 'M201@4 "," does not fit here'),
        ("$.a[1 2]", 'M201@6 "2" does not fit here'),
        ("$.a[01]", 'M201@5 "1" does not fit here'),
        ("$.a[-0]", "M201@4 -0 is not a list index"),
        ("$.a[1.5]", "M201@4 1.5 is not a list index"),
        ("$.a[9007199254740992]", "M201@4 9007199254740992 is not a list index"),
        ("$.a[name]", "M201@4 \"n\" does not fit here; a name in brackets is in quotes: ['name']"),
        ("$.a['x]", "M201@4 the quote ' is not closed"),
        (r"$.a['\q']", r'M201@5 unknown escape "\q"; a backslash itself is \\'),
        (r"$['\u12']", r'M201@3 unknown escape "\u"; a backslash itself is \\'),
        (r"$['\ud800']", "M201@3 an unpaired surrogate, which is not a character"),
        (r"$['\udc00\ud800']", "M201@3 an unpaired surrogate, which is not a character"),
        ("$['a\tb']", r"M201@4 control character in quotes; write it as \u0009"),
        ("$.a)]", 'M201@3 ")" does not fit here'),
        (
            "$.a[(@.length-1)]",
            'M201@4 "(" does not fit here; '
            "the last item is [-1]; a filter begins with a question mark: [?@.name]",
        ),
    ],
)
def test_brackets(text: str, wanted: str) -> None:
    assert refusal(text) == wanted


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("", 'M201@5 "]" does not fit here'),
        ("()", "M201@5 the path is not valid here"),
        ("@.b = 1", 'M201@9 "=" does not fit here; equal is =='),
        (
            "@.b =~ 'x'",
            "M201@9 \"=\" does not fit here; a pattern is match(@.name, 'pattern') or search(...)",
        ),
        ("@.b == x", "M201@12 \"x\" does not fit here; a text is in quotes: 'x'"),
        ("@.b == True", 'M201@12 "T" does not fit here; write true'),
        ("@.b and @.c", 'M201@9 "a" does not fit here; and is &&'),
        ("@.b or @.c", 'M201@9 "o" does not fit here; or is ||'),
        ("not @.b", 'M201@5 "n" does not fit here; not is !'),
        ("@.b & @.c", 'M201@9 "&" does not fit here; and is &&'),
        ("@.b | @.c", 'M201@9 "|" does not fit here; or is ||'),
        ("@.b in ['x']", 'M201@9 "i" does not fit here; write one comparison per value, joined by ||'),
        ("@.b == -@.c", f'M201@12 "-" does not fit here; {_NO_ARITHMETIC}'),
        ("(@.b == 1", 'M201@14 "]" does not fit here'),
        ("(@.b) == 1", 'M201@11 "=" does not fit here; write what is compared without brackets'),
        ("(@.b, @.c)", 'M201@9 "," does not fit here'),
        ("!!@.b", 'M201@6 "!" does not fit here'),
        ("!@.b == 1", "M201@10 the path is not valid here"),
        ("@.b == 1 == 2", "M201@14 the path is not valid here"),
        ("1", "M201@5 a value alone is not a condition; compare it with something"),
        ("'x' && @.b", "M201@5 a value alone is not a condition; compare it with something"),
        ("@.* == 1", f"M202@9 {_MANY}"),
        ("@['b','c'] == 1", f"M202@16 {_MANY}"),
        ("1 < @[0:1]", "M201@12 the path is not valid here"),
        ("@.b == 1e1000000", "M202@12 the exponent of 1e1000000 is too long"),
    ],
)
def test_filters(test: str, wanted: str) -> None:
    assert refusal(f"$.a[?{test}]") == wanted


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("lenght(@.b) > 1", f'M203@5 unknown function "lenght"; did you mean "length"?; {_KNOWN}'),
        ("lower(@.b) == 'x'", f'M203@5 unknown function "lower"; {_KNOWN}'),
        ("length(@.b)", "M201@5 length() returns a value; compare it, as in length(...) > 0"),
        ("!count(@.b)", "M201@6 count() returns a value; compare it, as in count(...) > 0"),
        ("length() > 1", "M204@5 length() takes 1, found 0"),
        ("length(@.b, 1) > 1", "M204@5 length() takes 1, found 2"),
        ("length(@.*) > 1", f"M202@12 {_MANY}"),
        (
            "length(match(@.b, 'x')) > 1",
            "M201@12 this is not a value that can be compared or passed to a function",
        ),
        ("length(@.b == 1) > 1", "M204@12 a function takes paths and values, not conditions"),
        ("length((@.b)) > 1", "M204@12 a function takes paths and values, not conditions"),
        ("count(1) > 1", "M204@11 count() takes a path"),
        ("search(@.b)", "M204@5 search() takes 2, found 1"),
        ("match(@.b, '(')", "M207@16 the pattern is not read by RE2: missing ): ("),
        (
            "search(@.b, '(?=x)')",
            "M207@17 the pattern is not read by RE2: invalid perl operator: (?=; "
            "RE2 has no look-around and no back-references",
        ),
        (
            "match(@.b, 'x') == true",
            "M201@21 this is not a value that can be compared or passed to a function",
        ),
        ("match (@.b, 'x')", "M201@5 \"m\" does not fit here; a text is in quotes: 'match'"),
    ],
)
def test_functions(test: str, wanted: str) -> None:
    assert refusal(f"$.a[?{test}]") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$." + "a" * 511, "M202@512 a path has at most 512 characters, found 513"),
        ("$" + ".a" * 80, "M202@160 a path has at most 80 parts"),
        ("$..a..b", 'M202@4 a second ".." is not allowed; write the whole path'),
        ("$.a[?@..b]", 'M202@6 ".." inside a filter is not allowed; write the whole path'),
        ("$.a[?count($..b) > 1]", 'M202@12 ".." inside a filter is not allowed; write the whole path'),
        ("$" + "[0,1]" * 7, "M202@31 the lists in brackets multiply to more than 64"),
        ("$[?@[0,1]]" + "[0,1]" * 6, "M202@35 the lists in brackets multiply to more than 64"),
        ("$[?" + "(" * 17 + "@.a" + ")" * 17 + "]", "M202@18 brackets nested deeper than 16"),
    ],
)
def test_limits(text: str, wanted: str) -> None:
    assert refusal(text) == wanted


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("$." + "a" * 510, '{"' + "a" * 510 + '": 7}'),
        ("$" + ".a" * 79, '{"a": ' * 79 + "7" + "}" * 79),
        ("$" + "[0,1]" * 6, "[" * 6 + "7" + "]" * 6),
        ("$[?" + "(" * 15 + "@ == 7" + ")" * 15 + "]", "[7]"),
    ],
)
def test_at_the_limits_a_path_finds_its_value(text: str, document: str) -> None:
    assert compile_path(text).find(Scope(from_json(document), {}, None, {})) == [7]
