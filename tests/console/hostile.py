"""Four hundred texts that try to become more than text, and a bridge that has them in all that it stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from bridge.model import Outcome, Recipient
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit
from tests.console.visits import Site
from tests.store.given import attempt, claim, settle, settlement

_MARKUP: Final = (
    "<script>boom()</script>",
    "<script src=//evil.example/x.js></script>",
    "<img src=x onerror=boom()>",
    "<svg onload=boom()>",
    "<svg><animate onbegin=boom() attributeName=x dur=1s>",
    "<math><mtext><mglyph><style><img src=x onerror=boom()></style></mglyph></mtext></math>",
    "<iframe srcdoc='<script>parent.boom()</script>'></iframe>",
    "<object data=javascript:boom()></object>",
    "<embed src=javascript:boom()>",
    "<a href=javascript:boom() data-evil>go</a>",
    "<form action=https://evil.example/ data-evil><button formaction=javascript:boom()>go</button></form>",
    "<input onfocus=boom() autofocus>",
    "<details ontoggle=boom() open>",
    "<body onload=boom()>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<template><script>boom()</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=boom()>'>",
    " onmouseover=boom() data-evil=",
    " style=background:url(//evil.example/) data-evil=",
)
_BREAKOUTS: Final = (
    "", '"', "'", "`", '">', "'>", "-->", "<!--", "]]>", "</title>", "</textarea>", "</script>", "</style>",
    "</pre></code>", "</option></select>", "</svg>",
)  # fmt: skip
_OTHERS: Final = (
    "{{ 7*7 }}",
    "{% raw %}",
    "{# x #}",
    "{{ config }}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{{''.__class__.__mro__}}",
    "javascript:boom()",
    "JaVaScRiPt:boom()",
    " javascript:boom()",
    "java\tscript:boom()",
    "data:text/html,<script>boom()</script>",
    "vbscript:boom()",
    "//evil.example",
    "https://evil.example/",
    "\\\\evil.example",
    "/console/logout",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    '=HYPERLINK("https://evil.example")',
    "\t=1",
    "\r=1",
    "%0d%0aSet-Cookie:a=b",
    "null\0byte",
    "\0",
    "<\0script>boom()</script>",
    "\u202egnp.exe",
    "\u2066isolated",
    "\u200b",
    "\ufeffmark",
    "a\u2028b",
    "a\u2029b",
    "a\u0085b",
    "\ud800",
    "x\udfff<b data-evil>",
    "\x1b[31mred",
    "\x08\x7f",
    "W" * 5_000,
    "Ж" * 900,
    "<b data-evil>" * 90,
    "&lt;b data-evil&gt;",
    "&#60;b data-evil&#62;",
    "&quot; onclick=boom()",
    "\uff1cscript\uff1eboom()\uff1c/script\uff1e",
    "+ADw-script+AD4-boom()+ADw-/script+AD4-",
)
TEXTS: Final = (*(f"{before}{markup}" for before in _BREAKOUTS for markup in _MARKUP), *_OTHERS)
PLAIN: Final = tuple(f"plain {number} {'long ' * (number % 40)}" for number in range(len(TEXTS)))
"""As many that are harmless: what pages look like with them."""
EACH: Final = 20
"""Texts of one webhook, few enough for what one may store."""
_MAPPING: Final = """
source: yookassa
profile: json
verify: none
split: $.items
event: {id: $.id, type: $.type}
rules:
"""
_CLOSED: Final = (
    "source: closed\nprofile: json\nsecret: ${CLOSED}\nverify: {token: {header: X-Token}}\nrules: []\n"
)


def write_mappings(folder: Path, texts: tuple[str, ...]) -> None:
    """Rules that are called so and compare with such values; and a source that refuses all."""
    folder.mkdir()
    rules = [_rule(number, _printable(texts[number * 10])) for number in range(EACH)]
    lines = [f"  - {json.dumps(rule)}\n" for rule in rules]
    (folder / "yookassa.yml").write_text(_MAPPING + "".join(lines))
    (folder / "closed.yml").write_text(_CLOSED)


def fill(site: Site, texts: tuple[str, ...]) -> None:
    """Webhooks over HTTP, then answers of LeadConverter and decisions of people."""
    for first in range(0, len(texts), EACH):
        some = texts[first : first + EACH]
        whole = [(first + place, text) for place, text in enumerate(some) if readable(text)]
        body = json.dumps({"items": [_item(number, text, some) for number, text in whole]})
        assert _sent(site, "yookassa", body, some) == 200
        assert _sent(site, "closed", "".join(map(_printable, some)), some) == 401
        assert _sent(site, "yookassa", f'{{"{_printable(some[0])}": {_printable(some[1])}', some) in (
            200,
            400,
        )
    for text in texts:
        assert readable(text) or _sent(site, "yookassa", json.dumps({text: text}), texts[:1]) == 200
    store = site.side.store
    called = claim(store, len(texts))
    for call, text in zip(called, texts, strict=False):
        state, outcome = ("uncertain", Outcome.UNCERTAIN) if call.id % 2 else ("refused", Outcome.REFUSED)
        shown = attempt(
            outcome, reason=text, answer=f"{text}{json.dumps(text)}", content_type=_printable(text)[:80]
        )
        settle(store, settlement(call, state, shown=shown, reason=text))
    with store.transaction() as connection:
        now = store.now(connection)
        for call, text in zip(called, texts, strict=False):
            if call.id % 4 == 1:
                decisions.resolve(connection, now, call.id, "done", Decider(text, text))
            audit.record(
                connection,
                now,
                who=text,
                what=Reason(ActionCode.PAUSE),
                why=text,
                kind="account",
                target=text,
            )


def recipient(text: str) -> str:
    """The key of the one whom an item of this text is for."""
    return Recipient(user_id=text[:64], channel_id="telegram").key


def _rule(number: int, text: str) -> dict[str, object]:
    compared = {"$.text": {"starts_with": f"{text}!"}} if number % 2 else {}
    variables = {"text": "$.text", "marks": {"path": "$.marks", "pipe": ["to_json"], "default": ""}}
    return {
        "name": f"{number} {text}"[:100],
        "when": {**compared, "$.number": number},
        "start": {"bot_id": 1, "user_id": "$.user", "channel_id": "telegram", "variables": variables},
    }


def _item(number: int, text: str, some: tuple[str, ...]) -> dict[str, object]:
    fitting = list(filter(readable, some))
    marks = {one: one for one in fitting} if text == fitting[0] else {}
    return {
        "id": text, "type": text, "text": text, "user": text[:64], "number": number % EACH, "marks": marks
    }  # fmt: skip


def _sent(site: Site, source: str, body: str, some: tuple[str, ...]) -> int:
    """Headers as far as the texts fit into one, and their names, too."""
    fitting = [text for text in map(_printable, some) if text.isascii() and len(text) < 500]
    headers = {f"HTTP_X_{place}": text for place, text in enumerate(fitting)}
    names = {f"HTTP_{text.upper()}": "named" for text in fitting}
    answer = site.client.post(
        f"/hooks/{source}",
        data=body,
        content_type="application/json",
        query_string={text: text for text in fitting},
        environ_overrides={**headers, **names},
    )
    return answer.status_code


def readable(text: str) -> bool:
    """Whether a body may hold it: one with NUL or half of a surrogate pair is kept, and read no further."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
