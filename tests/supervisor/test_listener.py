from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing

import pytest

from bridge.errors import BridgeError
from bridge.supervisor.listener import open_listener
from tests.support.processes import free_port


@pytest.mark.parametrize(
    ("host", "through"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1"), ("localhost", "127.0.0.1")],
)
def test_addresses_and_names_are_listened_on(host: str, through: str) -> None:
    port = free_port()
    with closing(open_listener({}, host, port)) as listener:
        socket.create_connection((through, port), timeout=5).close()
        connection, peer = listener.accept()
        connection.close()
        assert peer[0] == through


def test_connections_wait_while_nobody_accepts_them() -> None:
    port = free_port()
    with closing(open_listener({}, "127.0.0.1", port)):
        waiting = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(1024)]
        assert len({one.getsockname() for one in waiting}) == 1024
        for one in waiting:
            one.close()


def test_a_taken_port_is_refused_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BridgeError) as refused:
            open_listener({}, "127.0.0.1", port)
    assert str(refused.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert refused.value.hint == "choose another port, or stop the process that uses it"


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(BridgeError, match=r"cannot listen on no\.such\.host\.invalid:8080"):
        open_listener({}, "no.such.host.invalid", 8080)


PASSED = """
import os, sys
os.dup2(int(sys.argv[2]), 3)
from bridge.errors import BridgeError
from bridge.supervisor.listener import open_listener
try:
    found = open_listener({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": sys.argv[1]}, "127.0.0.1", 1)
    print(found.getsockname()[1], os.get_inheritable(found.fileno()))
except BridgeError as error:
    print(error)
"""


def test_a_socket_of_systemd_is_used_as_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert passed(server, "1") == f"{server.getsockname()[1]} False"
        assert passed(server, "2") == "systemd passed 2 sockets, expected 1"


def passed(server: socket.socket, many: str) -> str:
    """What a process makes of the socket as its descriptor 3."""
    words = [sys.executable, "-c", PASSED, many, str(server.fileno())]
    done = subprocess.run(words, pass_fds=(server.fileno(),), capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


def test_a_socket_for_another_process_is_left_alone() -> None:
    port = free_port()
    with closing(open_listener({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, "127.0.0.1", port)) as listener:
        assert listener.getsockname()[1] == port
