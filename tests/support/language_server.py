"""yaml-language-server, which completes and checks YAML in most editors, spoken to as an editor does.

Fetched from npm once, into a folder that git ignores.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeAlias

from tests.support.missing import missing
from tests.support.npm import npm
from tests.support.processes import ROOT

VERSION = "1.19.2"
NO_SERVER = f"NO EDITOR: yaml-language-server {VERSION} was not asked; node and npm must be there to run it"
_FOLDER = ROOT / ".cache" / f"yaml-language-server-{VERSION}"
_MAIN = "node_modules/yaml-language-server/bin/yaml-language-server"
_SETTINGS = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
_PATIENCE = 60

Message: TypeAlias = dict[str, Any]


@dataclass
class Editor:
    """An editor with one folder open: it shows a text, and hears what the server says of it."""

    folder: Path
    input: IO[bytes]
    heard: queue.Queue[Message]
    faults: dict[str, list[str]] = field(default_factory=dict)
    asked: int = 0

    def show(self, name: str, text: str) -> str:
        """Open a file, which need not be on disk; its URI."""
        uri = (self.folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def mistakes(self, uri: str) -> list[str]:
        """What the server finds wrong in an open file: line, column and message of each."""
        while uri not in self.faults:
            self._take(self.heard.get(timeout=_PATIENCE))
        return self.faults[uri]

    def completions(self, uri: str, line: int, column: int) -> dict[str, str]:
        """What may stand at a place, counted from 1: labels with their help."""
        found = self._ask("textDocument/completion", _at(uri, line, column))
        return {item["label"]: str(item.get("documentation", "")) for item in found["items"]}

    def hover(self, uri: str, line: int, column: int) -> str:
        """What is shown for the key at a place."""
        found = self._ask("textDocument/hover", _at(uri, line, column))
        return str(found["contents"]["value"])

    def start(self) -> None:
        able: Message = {"textDocument": {"publishDiagnostics": {}}, "workspace": {"configuration": True}}
        self._ask("initialize", {"processId": None, "rootUri": self.folder.as_uri(), "capabilities": able})
        self.tell("initialized", {})

    def tell(self, method: str, params: Message) -> None:
        self._send({"method": method, "params": params})

    def _ask(self, method: str, params: Message) -> Any:
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        while True:
            message = self.heard.get(timeout=_PATIENCE)
            if message.get("id") == self.asked and "method" not in message:
                return message["result"]
            self._take(message)

    def _take(self, message: Message) -> None:
        """Something that the server wants or says by itself."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self.faults[message["params"]["uri"]] = [_fault(one) for one in message["params"]["diagnostics"]]
        elif message.get("method") == "workspace/configuration":
            items = message["params"]["items"]
            answer = [_SETTINGS if one.get("section") == "yaml" else {} for one in items]
            self._send({"id": message["id"], "result": answer})
        elif "id" in message:
            self._send({"id": message["id"], "result": None})

    def _send(self, message: Message) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.input.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.input.flush()


@contextlib.contextmanager
def editor_of(folder: Path) -> Iterator[Editor]:
    """An editor with the folder open; skipped aloud where there is no node or no npm."""
    node = shutil.which("node")
    if node is None:
        missing(NO_SERVER)
    if not _FOLDER.exists():
        _fetch()
    command = [node, str(_FOLDER / _MAIN), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        heard: queue.Queue[Message] = queue.Queue()
        threading.Thread(target=_listen, args=(process.stdout, heard), daemon=True).start()
        editor = Editor(folder, process.stdin, heard)
        try:
            editor.start()
            yield editor
        finally:
            process.kill()


def _fetch() -> None:
    half = _FOLDER.with_suffix(".half")
    half.mkdir(parents=True, exist_ok=True)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(half)]
    npm(["install", *options, f"yaml-language-server@{VERSION}"], half, NO_SERVER)
    half.rename(_FOLDER)


def _listen(output: IO[bytes], heard: queue.Queue[Message]) -> None:
    length = 0
    for line in output:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif not line.strip():
            heard.put(json.loads(output.read(length)))


def _at(uri: str, line: int, column: int) -> Message:
    return {"textDocument": {"uri": uri}, "position": {"line": line - 1, "character": column - 1}}


def _fault(diagnostic: Message) -> str:
    start = diagnostic["range"]["start"]
    return f"{start['line'] + 1}:{start['character'] + 1}: {diagnostic['message']}"
