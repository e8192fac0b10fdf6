"""What looks at text from outside takes time in proportion to it, whatever the text: no quadratic step."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial

import pytest

from bridge.commands.show.output import printable, table
from bridge.dispatch.http.client import attempt_of
from bridge.dispatch.http.token_redaction import mask
from bridge.dispatch.policy.answer import decode
from bridge.dispatch.policy.outcome import judge, retry_after
from bridge.errors import BridgeError
from bridge.jsonpath.path import compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.evaluate import shown as found
from bridge.language.functions import FUNCTIONS
from bridge.logs import JsonLines, TextLines
from bridge.mapping.author.infer_rule import infer_identity, infer_rule
from bridge.mapping.author.redact import Redactor
from bridge.mapping.author.suggest_path import suggest_path
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.store.db.texts import plain
from bridge.text.render import render
from bridge.web.console.view.tree import tree
from bridge.webhook.decode.forms import build_document, read_pairs
from bridge.webhook.decode.json_body import read_json
from bridge.webhook.decode.multipart import read_multipart
from bridge.webhook.decode.xml_body import read_xml
from tests.dispatch.answers import ACCOUNT, HTML, JSON, answered
from tests.language.given import piped
from tests.mapping.given import event
from tests.support.timing import seconds_of

FEW, TIMES = 20_000, 4
TOKEN = "eyJ0eXAi.Oi_JKV1/+c="
PIECES = {
    "backslashes": "\\",
    "quotes": '"',
    "brackets": "[",
    "titles": "<title",
    "declarations": "<?xml ",
    "percents": "%",
    "entities": "&#0",
    "escapes": "\\u00",
    "the token but its end": TOKEN[:-1],
    "zero width": "\u200b",
    "combining": "e\u0301",
    "halves of pairs": "\ud83d",
    "letters": "a",
    "digits": "1",
    "blanks": " ",
    "lines": "\n",
    "dots": "a.",
    "addresses": "a@",
    "words": "word ",
    "separators": "; or ",
    "parameters": ';name="',
    "pairs": "a[b]=c&",
}


def as_answer(status: int, kind: str, wrap: Callable[[str], bytes]) -> Callable[[str], object]:
    def act(text: str) -> object:
        seen = answered(status, wrap(text), kind, content_type=kind)
        answer = decode(seen, TOKEN)
        return attempt_of(seen, answer, judge(seen, answer, ACCOUNT, 0), "", TOKEN, 0, 1)

    return act


def raw(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def in_json(text: str) -> bytes:
    return json.dumps({"message": text, "errors": {text: [text, text]}, "status": text}).encode()


def logged(form: logging.Formatter) -> Callable[[str], object]:
    return lambda text: form.format(logging.LogRecord("bridge", logging.INFO, "", 1, "%s", (text,), None))


def matched(text: str) -> object:
    return compile_path("$[?match(@.a, $.p)]").find(Scope({"a": {"a": text}, "p": text}, {}, {}, {}))


def refusing(act: Callable[[str], object]) -> Callable[[str], object]:
    """A text may be refused, as long as that is quick."""

    def run(text: str) -> object:
        try:
            return act(text)
        except (BridgeError, UnicodeError) as error:
            return error

    return run


HEAD = '--b\r\nContent-Disposition: form-data; name="a"'
LOOKING: dict[str, Callable[[str], object]] = {
    "mask": lambda text: mask(text, TOKEN),
    "a text in a 200": as_answer(200, "text/plain", raw),
    "a page in a 200": as_answer(200, HTML, lambda text: b"<html>" + raw(text)),
    "JSON in a 200": as_answer(200, JSON, in_json),
    "JSON in a 422": as_answer(422, JSON, in_json),
    "a text in a 502": as_answer(502, HTML, raw),
    "a charset": lambda text: as_answer(200, f"text/plain; charset={text}", raw)("x"),
    "Retry-After": lambda text: retry_after(text, 0),
    "redaction of a value": lambda text: Redactor().document({"x": text}),
    "redaction of a name": lambda text: Redactor().document({text: "x"}),
    "redaction of a pair": lambda text: Redactor().pairs([(text, text)]),
    "a guess": lambda text: (infer_rule(event({text: text})), infer_identity({text: text})),
    "a near path": lambda text: suggest_path(
        compile_path("$.status"), Scope({text: text}, {text: ""}, {}, {})
    ),
    "a reason in Russian": lambda text: render(Reason(RuleCode.NONE_HELD, alternatives=(text,)), "ru"),
    "a tree": lambda text: tree({text: [text]}),
    "a found value": found,
    "a stored text": plain,
    "a line of a table": lambda text: list(table(["a", "b"], [[printable(text), "x"]], 80)),
    "a log line": logged(TextLines()),
    "a log line in JSON": logged(JsonLines()),
    "a JSON body": lambda text: read_json(raw(text)),
    "a text in a JSON body": lambda text: read_json(in_json(text)),
    "an XML body": lambda text: read_xml(raw(text)),
    "a text in an XML body": lambda text: read_xml(b"<a>" + raw(text) + b"</a>"),
    "a form": lambda text: build_document(read_pairs(raw(text))),
    "a multipart head": lambda text: read_multipart(
        raw(f"{HEAD}{text}\r\n\r\nx\r\n--b--"), "multipart/form-data; boundary=b"
    ),
    "a multipart type": lambda text: read_multipart(b"--b", f"multipart/form-data;{text}"),
    "a document's own pattern": matched,
}
MANY: dict[str, Callable[[dict[str, str]], object]] = {
    "redaction": lambda document: Redactor().document(document),
    "a guess": lambda document: (infer_rule(event(document)), infer_identity(document)),
    "a near path": lambda document: suggest_path(compile_path("$.status"), Scope(document, {}, {}, {})),
    "a tree": tree,
    "JSON in a 422": lambda document: as_answer(422, JSON, raw)(json.dumps({"errors": document})),
}
ONE_ARGUMENT = {
    "date": "iso", "map": "{a: b}", "regex": "'a(.*)b'", "replace": "a, with: b", "split": "'a'",
    "slice": "[0, 9]", "hash": "sha256", "default": "x", "multiply": "2", "divide": "2", "add": "2",
    "round": "1", "join": "','",
}  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", LOOKING)
def test_time_grows_with_the_text_alone(name: str, piece: str) -> None:
    act = refusing(LOOKING[name])
    texts = [(PIECES[piece] * many)[:many] for many in (FEW, FEW * TIMES)]
    few, many = (seconds_of(partial(act, text)) for text in texts)
    assert many < max(few * TIMES * 3, 0.25), f"{few:.3f} s became {many:.3f} s"


@pytest.mark.parametrize("name", MANY)
def test_time_grows_with_the_number_of_values_alone(name: str) -> None:
    documents = [{f"name {n}": f"Anna {n} of {many}" for n in range(many)} for many in (500, 4_000)]
    few, many = (seconds_of(partial(MANY[name], document)) for document in documents)
    assert many < max(few * 24, 0.25), f"{few:.3f} s became {many:.3f} s"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_of_a_pipe_is_slow_on_a_long_text(name: str) -> None:
    step = partial(piped, f"{{{name}: {ONE_ARGUMENT[name]}}}" if name in ONE_ARGUMENT else name)
    for piece in PIECES.values():
        text = (piece * 65_000)[:65_000]
        assert seconds_of(partial(refusing(step), text)) < 0.25, piece
