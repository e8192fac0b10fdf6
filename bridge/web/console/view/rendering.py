"""Templates: what they can call, and pages as answers."""

from __future__ import annotations

import hashlib
import re
import time
from functools import cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode

from flask import Response, current_app, g, render_template, request, url_for
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from bridge.reasons.causes import because
from bridge.reasons.reason import Reason
from bridge.reasons.span import span
from bridge.text.catalogue import THIN, count
from bridge.text.render import capitalised as words_with_capital
from bridge.text.render import render as words_of
from bridge.web.console.auth import session
from bridge.web.console.auth.cookies import Sealer
from bridge.web.console.view import display

STATIC: Final = Path(__file__).parents[2] / "static"
SAID: Final = "leadbridge_said"
"""The cookie of a message for the next page."""
_SAID_AGE = 60
_AGO: Final = re.compile(rb'((?<=data-time="ago">)|(?<=data-time="until">))[^<]*')
"""Words that change while nothing happens; the script writes them by itself."""


def render(name: str, status: int = 200, **values: Any) -> Response:
    """The page `console/NAME.html`. Half a surrogate pair, which is no text, shows as a question mark."""
    text = render_template(f"console/{name}.html", **values)
    answer: Response = current_app.response_class(
        text.encode("utf-8", "replace"), status, mimetype="text/html"
    )
    return answer


def render_live(name: str, **values: Any) -> Response:
    """A part of a page that its script asks for every few seconds; 304 if the script has it."""
    answer = render(name, **values)
    answer.set_etag(hashlib.sha256(_AGO.sub(b"", answer.data)).hexdigest()[:32])
    return cast(Response, answer.make_conditional(request))


def bare(name: str, status: int, **values: Any) -> Response:
    """A page for those who are not in, or for when something is wrong."""
    return render(f"bare/{name}", status, **values)


def go(path: str) -> Response:
    """After a change: on to that path, by GET."""
    answer: Response = current_app.response_class(status=303)
    answer.location = path
    return answer


def done(place: str, key: str, /, *, tone: str = "good", **values: Any) -> Response:
    """After a change: to that page, which will say `key` once. `values` fill in its words."""
    response = go(place)
    g.guard.keep(response, SAID, Sealer(g.keys.sealing).seal("said", [tone, key, values]), _SAID_AGE)
    return response


def install(environment: Environment) -> None:
    """What templates can call."""
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(
        t=t, url=url, static=static, form_token=form_token, messages=messages, changed=changed, when=when,
        ago=ago, until=until, tick=tick, now_ms=now_ms, duration=duration, size=size, many=count,
        tone=display.tone, cause=cause, said=said, capitalised=capitalised, english=english,
    )  # fmt: skip


def t(key: str, /, **values: object) -> str:
    """Words in the visitor's language."""
    words: str = g.speech(key, **values)
    return words


def cause(code: str) -> str:
    """Why a call may have run, in words; what is no code stays as it is."""
    return said(because(code))


def said(reason: Reason | str | None) -> str:
    """A reason in the visitor's language."""
    return words_of(reason, g.speech.language)


def capitalised(reason: Reason) -> str:
    """The same as a heading or a line of its own."""
    return words_with_capital(reason, g.speech.language)


def english(text: str) -> Markup:
    """English words on a page that may be in another language; where they hold other letters, just words."""
    if g.speech.language == "en" or not text or not text.isascii():
        return escape(text)
    return Markup('<span lang="en">{}</span>').format(text)


def url(name: str, **values: Any) -> str:
    """The path of a page by its name."""
    return url_for(f"console.{name}", **values)


def static(name: str) -> str:
    """The path of a static file, another one whenever the file changes."""
    return url("static", filename=name, v=_digest(name))


def changed(**values: str | None) -> str:
    """This page's path with these parameters instead; None takes one away."""
    kept = {name: value for name, value in request.args.items() if name not in values}
    given = {name: value for name, value in values.items() if value is not None}
    query = urlencode({**kept, **given})
    return f"{request.path}?{query}" if query else request.path


def form_token() -> Markup:
    """The hidden field that every form with `method="post"` must have."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf())


def csrf() -> str:
    """What proves that a form, or a script's request in `X-CSRF-Token`, is this visitor's own."""
    return session.token(g.keys, g.visitor)


def messages() -> list[tuple[str, str]]:
    """What the last change said, once: tone and words."""
    told = Sealer(g.keys.sealing).opened("said", request.cookies.get(SAID, ""), _SAID_AGE)
    if told is None:
        return []
    g.said_shown = True
    tone, key, values = told
    return [(tone, t(key, **values))]


def now_ms() -> int:
    """Unix milliseconds, for `ago`."""
    return int(time.time() * 1000)


def when(milliseconds: int) -> Markup:
    """A point in time; the script shows it in the viewer's zone."""
    return _time(milliseconds, display.clock(milliseconds), "clock")


def ago(milliseconds: int) -> Markup:
    """A point in time as its distance from now, the exact instant behind it."""
    passed = max(0, now_ms() - milliseconds)
    words = t("common.time.now") if passed < 5000 else t("common.time.ago", span=duration(passed))
    return _time(milliseconds, words, "ago")


def until(milliseconds: int) -> Markup:
    """A point in time that is to come, as its distance from now, the exact instant behind it."""
    left = milliseconds - now_ms()
    words = t("common.time.until", span=duration(left)) if left > 0 else t("common.time.due")
    return _time(milliseconds, words, "until")


def tick(milliseconds: int, manner: str) -> Markup:
    """A point in time below a chart: its `hour` or its `date`."""
    return _time(milliseconds, display.tick(milliseconds, manner), manner)


def duration(milliseconds: int) -> str:
    """A length of time in its largest unit: 3 min."""
    return said(span(milliseconds)).replace(" ", THIN)


def size(number: int) -> str:
    """Bytes in a readable unit."""
    figure, unit = display.size(number)
    return f"{figure}{THIN}{t(f'common.size.{unit}')}"


def _time(milliseconds: int, words: str, manner: str) -> Markup:
    return Markup('<time datetime="{}" title="{}" data-time="{}">{}</time>').format(
        display.instant(milliseconds), display.clock(milliseconds), manner, words
    )


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
