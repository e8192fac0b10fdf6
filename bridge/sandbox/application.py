"""The routes: the API method, and the endpoints that control the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from bridge.sandbox import control
from bridge.sandbox.api import METHOD, Api
from bridge.sandbox.pages import index
from bridge.sandbox.parameters import unescape
from bridge.sandbox.request import Request
from bridge.sandbox.response import End, RawResponse, Response, encode, encode_head, end_of, json_response

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class Application:
    """Turns a request into its response. Never raises."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._memory = api.memory

    def __call__(self, request: Request) -> RawResponse:
        path = request.path
        if path.startswith("/api/v1/"):
            return self._call(request, path.removeprefix("/api/v1/").split("/"))
        if path in _LISTS and request.method == "GET":
            return _stream(request, _LISTS[path](self._memory))
        try:
            return _whole(request, self._control(request, path))
        except control.ControlError as error:
            return _whole(request, error.response())

    def _call(self, request: Request, parts: list[str]) -> RawResponse:
        if len(parts) != 2 or parts[1] != METHOD:
            known = f"no such method; expected /api/v1/<token>/{METHOD}"
            return _whole(request, json_response(404, {"message": known}))
        if request.method != "POST":
            return _whole(request, _wrong_method("POST"))
        return self._api.call(_decoded(parts[0]), request)

    def _control(self, request: Request, path: str) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        if path.startswith("/subscribers/"):
            return self._subscriber(request, path.removeprefix("/subscribers/"))
        match method, path:
            case "GET", "/":
                host = request.header(b"host")
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
                self._memory.clear_calls()
                return _NOTHING
        if path in _METHODS:
            return _wrong_method(_METHODS[path])
        return json_response(404, {"message": "no such page; GET / lists what there is"})

    def _subscriber(self, request: Request, segment: str) -> Response:
        if request.method != "PUT":
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


def _whole(request: Request, response: Response) -> RawResponse:
    data = encode(response, keep_alive=request.keep_alive, with_body=request.method != "HEAD")
    return RawResponse((data,), end_of(keep_alive=request.keep_alive))


def _stream(request: Request, parts: Iterable[bytes]) -> RawResponse:
    if request.version == "1.0":
        head = encode_head(Response(200), "", keep_alive=False)
        return RawResponse(chain([head], parts), End.CLOSE)
    framing = "Transfer-Encoding: chunked\r\n"
    head = encode_head(Response(200), framing, keep_alive=request.keep_alive)
    chunks = (b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return RawResponse(chain([head], chunks, [b"0\r\n\r\n"]), end_of(keep_alive=request.keep_alive))
