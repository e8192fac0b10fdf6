"""The console as a browser without scripts uses it: pages, and the forms on them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from bridge.assemble.web import WebSide

HOST = "localhost:8080"


@dataclass
class Site:
    """The console in this process, with one browser's cookies."""

    side: WebSide
    client: FlaskClient
    peer: str = "127.0.0.1"
    host: str = HOST
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self._ask("GET", path, {}, headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        """A form with the token of the login page or, once logged in, of any page."""
        return self._ask("POST", path, {"csrf": self.token(), **form}, headers)

    def login(self, password: str = "", who: str = "anna", **form: str) -> TestResponse:
        return self.post("/login", {"who": who, "password": password, **form})

    def token(self) -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.get("/login").text)
        return found[1] if found else ""

    def _ask(self, method: str, path: str, form: dict[str, str], headers: dict[str, str]) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"/console{path}",
            method=method,
            data=form or None,
            headers={"Host": self.host, **self.headers, **named},
            environ_base={"REMOTE_ADDR": self.peer},
            buffered=True,
        )


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The console over HTTP; its address."""
    server = make_server("127.0.0.1", 0, site.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
