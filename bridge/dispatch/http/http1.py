"""The bytes of one HTTP/1.1 answer, read strictly, wherever they come from.

The standard library's reader takes a head that was cut off for a whole one and gives 200 with an empty
body; here every cut shows, and what was read before it stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Final, TypeAlias

from bridge.model import CUT, EOF, GARBAGE
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.text.render import english

HEAD_LIMIT: Final = 1 << 16
LINE_LIMIT: Final = 1 << 10
INTERIM_LIMIT: Final = 10
"""How many 1xx heads may come before the answer."""
HEAD_END = re.compile(rb"\r?\n\r?\n")
STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: .*)?")
Reading: TypeAlias = Generator[None, bytes, None]
"""Yields where more bytes are needed, and is sent those that came; none mean the end of the stream."""


class BadAnswerError(Exception):
    """The answer is cut short or is not HTTP."""

    def __init__(self, fault: Reason, cause: str = GARBAGE) -> None:
        super().__init__(english(fault))
        self.fault = fault
        self.cause = cause


class Incoming:
    """An answer as far as it has come in. `feed` fills it; after a failure it holds what there was.

    At most `cap` bytes of the body are read.
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.buffer = bytearray()
        self.body = bytearray()
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.version = 0
        self.framed = True
        self.oversized = False
        self.complete = False
        self.reading = self.read()
        next(self.reading)

    @property
    def reusable(self) -> bool:
        """The connection is in a known state after this complete answer and may carry another request."""
        tokens = self.headers.get("connection", "").lower()
        return (
            self.version == 1
            and self.framed
            and not self.oversized
            and not self.buffer
            and "close" not in tokens
        )

    def feed(self, data: bytes) -> None:
        """Read on with what has come, empty at the end of the stream. Raises BadAnswerError."""
        try:
            self.reading.send(data)
        except StopIteration:
            self.complete = True

    def read(self) -> Reading:
        """Read to the answer's end or the cap."""
        for _ in range(INTERIM_LIMIT):
            status = yield from self.read_head()
            if status >= 200 or status == 101:
                break
        else:
            raise BadAnswerError(Reason(CallCode.ONLY_INTERIM))
        if status == 101:
            raise BadAnswerError(Reason(CallCode.OTHER_PROTOCOL))
        self.status = status
        if status not in (204, 304):
            yield from self.read_body()

    def read_head(self) -> Generator[None, bytes, int]:
        """One head; its headers replace those of an interim one before."""
        end = HEAD_END.search(self.buffer)
        while end is None:
            self.check_head()
            searched = max(len(self.buffer) - 3, 0)
            if not (yield from self.fill()):
                if self.buffer:
                    raise BadAnswerError(Reason(CallCode.CUT_HEAD), CUT)
                raise BadAnswerError(Reason(CallCode.UNANSWERED), EOF)
            end = HEAD_END.search(self.buffer, searched)
        head = self.buffer[: end.start()].decode("latin-1")
        del self.buffer[: end.end()]
        first, *lines = re.split(r"\r?\n", head)
        match = STATUS_LINE.fullmatch(first)
        if match is None:
            raise BadAnswerError(Reason(CallCode.NOT_HTTP))
        self.version = int(match[1])
        self.headers = headers_of(lines)
        return int(match[2])

    def check_head(self) -> None:
        """Stop early on what can never become an answer."""
        if not b"HTTP/1.".startswith(self.buffer[:7]):
            raise BadAnswerError(Reason(CallCode.NOT_HTTP))
        if len(self.buffer) > HEAD_LIMIT:
            raise BadAnswerError(Reason(CallCode.LONG_HEAD, limit=HEAD_LIMIT))

    def read_body(self) -> Reading:
        coding = self.headers.get("transfer-encoding", "").lower()
        if coding.endswith("chunked"):
            yield from self.read_chunks()
        elif not coding and "content-length" in self.headers:
            yield from self.take(length_of(self.headers["content-length"]))
        else:
            self.framed = False
            while (yield from self.take_some()):
                pass

    def read_chunks(self) -> Reading:
        size = -1
        while size != 0 and not self.oversized:
            line = yield from self.line()
            text = line.partition(";")[0].strip()
            if not re.fullmatch(r"[0-9a-fA-F]{1,15}", text):
                raise BadAnswerError(Reason(CallCode.CHUNKS_GARBLED))
            size = int(text, 16)
            yield from self.take(size)
            if size and not self.oversized and (yield from self.line()):
                raise BadAnswerError(Reason(CallCode.CHUNKS_GARBLED))
        while not self.oversized and (yield from self.line()):
            pass

    def line(self) -> Generator[None, bytes, str]:
        """One short line of the chunked coding, without its end."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_LIMIT:
                raise BadAnswerError(Reason(CallCode.CHUNKS_GARBLED))
            yield from self.need()
        end = self.buffer.index(b"\n")
        line = self.buffer[:end].rstrip(b"\r").decode("latin-1")
        del self.buffer[: end + 1]
        return line

    def take(self, count: int) -> Reading:
        """Move `count` bytes of body into place, fewer when the cap is reached."""
        while count and not self.oversized:
            if not self.buffer:
                yield from self.need()
            count -= self.move(count)

    def take_some(self) -> Generator[None, bytes, bool]:
        """Move what is there and read on; False at the end of the stream or the cap."""
        self.move(len(self.buffer))
        return not self.oversized and (yield from self.fill())

    def move(self, count: int) -> int:
        part = self.buffer[:count]
        self.body += part
        del self.buffer[: len(part)]
        if len(self.body) > self.cap:
            del self.body[self.cap :]
            self.oversized = True
        return len(part)

    def need(self) -> Reading:
        if not (yield from self.fill()):
            raise BadAnswerError(Reason(CallCode.CUT, size=len(self.body)), CUT)

    def fill(self) -> Generator[None, bytes, bool]:
        chunk = yield
        self.buffer += chunk
        return bool(chunk)


def headers_of(lines: list[str]) -> dict[str, str]:
    """Lower-case names; of a repeated header the first counts, but lengths and codings are joined."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.lower()
        if not colon or key != key.strip() or not key:
            raise BadAnswerError(Reason(CallCode.HEAD_GARBLED))
        if key in headers and key in ("content-length", "transfer-encoding", "connection"):
            headers[key] += f", {value.strip()}"
        else:
            headers.setdefault(key, value.strip())
    return headers


def length_of(text: str) -> int:
    """The one length that the head gives. Raises BadAnswerError when it gives none or several."""
    lengths = {part.strip() for part in text.split(",")}
    length = lengths.pop()
    if lengths or not re.fullmatch(r"[0-9]{1,15}", length):
        raise BadAnswerError(Reason(CallCode.LENGTH_GARBLED))
    return int(length)
