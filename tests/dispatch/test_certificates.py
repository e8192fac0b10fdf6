from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from bridge.dispatch.http.certificates import FETCHES_A_MINUTE, Certificates, authorities, get
from tests.dispatch.server import Certificate, certificate

PEM = b"-----BEGIN CERTIFICATE-----\n"


class Vendor(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/cert.pem")
            self.end_headers()
            return
        body = {"/cert.pem": PEM, "/huge": b"x" * 70_000, "/empty": b""}.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("vendor"), "127.0.0.1")


@pytest.fixture(scope="module")
def vendor(own: Certificate) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.daemon_threads = True
    server.socket = own.context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_is_fetched_over_tls(vendor: str, own: Certificate) -> None:
    assert get(f"{vendor}/cert.pem", own.path) == PEM


@pytest.mark.parametrize("path", ["/gone", "/moved", "/huge", "/empty"])
def test_anything_but_a_plain_answer_of_fair_size_is_none(vendor: str, own: Certificate, path: str) -> None:
    assert get(vendor + path, own.path) is None


def test_a_host_that_nobody_vouches_for_or_that_is_not_there_gives_none(
    vendor: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert get(f"{vendor}/cert.pem") is None
    assert get("https://127.0.0.1:1/cert.pem") is None
    assert caplog.messages == [
        f"cannot fetch certificate {vendor}/cert.pem: self-signed certificate",
        "cannot fetch certificate https://127.0.0.1:1/cert.pem: connection refused",
    ]


class Fake:
    """A vendor that counts, and a clock."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds = 1000.0
        self.found: bytes | None = PEM
        self.certificates = Certificates(self.get, lambda: self.seconds)

    def get(self, url: str) -> bytes | None:
        self.asked.append(url)
        return self.found


def test_a_certificate_is_kept_for_a_day() -> None:
    fake = Fake()
    assert [fake.certificates.fetch("a"), fake.certificates.fetch("a")] == [PEM, PEM]
    fake.seconds += 86_399
    fake.certificates.fetch("a")
    assert fake.asked == ["a"]
    fake.seconds += 2
    fake.certificates.fetch("a")
    assert fake.asked == ["a", "a"]


def test_a_failure_is_not_kept() -> None:
    fake = Fake()
    fake.found = None
    assert fake.certificates.fetch("a") is None
    fake.found = PEM
    assert fake.certificates.fetch("a") == PEM


def test_a_forger_cannot_make_the_bridge_ask_without_end() -> None:
    fake = Fake()
    for number in range(500):
        fake.certificates.fetch(f"forged/{number}")
    assert len(fake.asked) == FETCHES_A_MINUTE
    assert fake.certificates.fetch("forged/0") == PEM
    fake.seconds += 61
    assert fake.certificates.fetch("honest") == PEM


def test_the_authorities_are_those_that_requests_trusts() -> None:
    assert authorities().count(b"BEGIN CERTIFICATE") > 50
