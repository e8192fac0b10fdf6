"""Which path is answered by whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bridge.sandbox import control
from bridge.sandbox.api import METHOD, Api
from bridge.sandbox.http import Request, Response, encode, encode_head, json_response
from bridge.sandbox.pages import index
from bridge.sandbox.parameters import unescape
from bridge.sandbox.sending import End, Sending

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class Application:
    """One request in, how to answer it out. Never raises."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._memory = api.memory

    def __call__(self, request: Request) -> Sending:
        path = request.head.path
        if path.startswith("/api/v1/"):
            return self._call(request, path.removeprefix("/api/v1/").split("/"))
        if path in _LISTS and request.head.method == "GET":
            return _stream(request, _LISTS[path](self._memory))
        try:
            return _whole(request, self._switch(request, path))
        except control.ControlError as error:
            return _whole(request, error.response())

    def _call(self, request: Request, parts: list[str]) -> Sending:
        if len(parts) != 2 or parts[1] != METHOD:
            known = f"no such method; expected /api/v1/<token>/{METHOD}"
            return _whole(request, json_response(404, {"message": known}))
        if request.head.method != "POST":
            return _whole(request, _wrong_method("POST"))
        return self._api.call(_decoded(parts[0]), request)

    def _switch(self, request: Request, path: str) -> Response:
        method = "GET" if request.head.method == "HEAD" else request.head.method
        if path.startswith("/subscribers/"):
            return self._subscriber(request, path.removeprefix("/subscribers/"))
        match method, path:
            case "GET", "/":
                host = request.head.headers.get("host")
                return index(host if _HOST.fullmatch(host) else "127.0.0.1")
            case "GET", "/healthz":
                return json_response(200, {"status": "ok"})
            case "GET", "/faults":
                return json_response(200, self._memory.faults.list())
            case "POST", "/faults":
                return control.add_fault(self._memory, request)
            case "DELETE", "/faults":
                self._memory.faults.clear()
                return _NOTHING
            case "DELETE", "/calls":
                self._memory.forget()
                return _NOTHING
        if path in _METHODS:
            return _wrong_method(_METHODS[path])
        return json_response(404, {"message": "no such page; GET / lists what there is"})

    def _subscriber(self, request: Request, segment: str) -> Response:
        if request.head.method != "PUT":
            return _wrong_method("PUT")
        if not segment or "/" in segment:
            raise control.ControlError("id", "one subscriber_id or user_id after /subscribers/", segment)
        return control.set_subscriber(self._memory, _decoded(segment), request)


_LISTS = {"/calls": control.list_calls, "/probes": control.list_probes}
_METHODS = {
    "/": "GET",
    "/healthz": "GET",
    "/faults": "GET, POST, DELETE",
    "/calls": "GET, DELETE",
    "/probes": "GET",
}
_NOTHING = Response(204, content_type="")


def _decoded(segment: str) -> str:
    return unescape(segment.encode()).decode(errors="replace")


def _wrong_method(allowed: str) -> Response:
    response = json_response(405, {"message": f"expected {allowed}"})
    return replace(response, headers=(("Allow", allowed),))


def _whole(request: Request, response: Response) -> Sending:
    head = request.head
    data = encode(response, keep_alive=head.keep_alive, with_body=head.method != "HEAD")
    return Sending((data,), End.KEEP if head.keep_alive else End.CLOSE)


def _stream(request: Request, pieces: Iterable[bytes]) -> Sending:
    head, response = request.head, Response(200)
    if head.version == "1.0":
        start = encode_head(response, "", keep_alive=False)
        return Sending(_after(start, pieces), End.CLOSE)
    start = encode_head(response, "Transfer-Encoding: chunked\r\n", keep_alive=head.keep_alive)
    return Sending(_after(start, _chunked(pieces)), End.KEEP if head.keep_alive else End.CLOSE)


def _after(start: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield start
    yield from pieces


def _chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
