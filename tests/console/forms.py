"""The console over real HTTP as a browser without scripts uses it: its forms, with what they offer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener


@dataclass
class Form:
    """A form of a page: its fields in their order, and each with the value that the page offers."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return any(one == name for one, _ in self.fields)

    def filled(self, **values: str) -> list[tuple[str, str]]:
        """The fields with these values in place of what is offered; each must be there."""
        assert set(values) <= {name for name, _ in self.fields}, (values, self.fields)
        return [(name, values.get(name, value)) for name, value in self.fields]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.open: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(given.get("action", ""))
            self.found.append(self.open)
        elif self.open is None:
            return
        elif tag == "input" and given.get("type") not in ("radio", "checkbox") and "name" in given:
            self.open.fields.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self.select = given["name"]
            self.open.fields.append((self.select, ""))
        elif tag == "option" and self.select:
            self.open.options.setdefault(self.select, []).append(given["value"])
            if "selected" in given:
                self.open.fields[-1] = (self.select, given["value"])
        elif tag == "button" and "formaction" in given:
            self.open.action = given["formaction"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""


class Visitor:
    """Somebody who looks at the console of a running bridge."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        return self._ask(Request(f"{self.base}{path}"))

    def post(self, form: Form, **values: str) -> str:
        """Send the form with what it offers and these values; the page that follows."""
        return self.post_to(form.action, form.filled(**values))

    def post_to(self, path: str, fields: list[tuple[str, str]]) -> str:
        data = urlencode(fields).encode()
        return self._ask(Request(f"{self.base}{path}", data, {"Origin": self.base}))

    def _ask(self, request: Request) -> str:
        try:
            with self.opener.open(request, timeout=60) as answer:
                text: bytes = answer.read()
        except HTTPError as error:
            text = error.read()
        return text.decode()


def words(page: str) -> str:
    """What the page says, for a test that fails."""
    return re.sub(
        r"\s+", " ", re.sub(r"<(style|script|svg)[^>]*>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    )[:3000]


def form_to(page: str, action: str, having: str = "csrf") -> Form:
    """The form of the page whose address holds this, and that has this field."""
    parser = _Forms()
    parser.feed(page)
    found = [one for one in parser.found if action in one.action and having in one]
    assert found, (action, [one.action for one in parser.found], words(page))
    return found[0]


def link_to(page: str, part: str) -> str:
    """The first address of the page that holds this."""
    found = re.search(rf'href="([^"]*{part}[^"]*)"', page)
    assert found, (part, words(page))
    return found[1].replace("&amp;", "&")
