"""Flask, one SQLite commit for each webhook, and a thread that makes the calls.

gunicorn --worker-class gthread --threads 32 benchmarks.peers.flask_sqlite:app
"""

from __future__ import annotations

import json
import os
import sqlite3
from queue import SimpleQueue
from threading import Lock, Thread

from flask import Flask, Response, request

from benchmarks.peers import work

app = Flask(__name__)
database = sqlite3.connect("shop.db", isolation_level=None, check_same_thread=False)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute(
    "CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, body BLOB, call TEXT, sent INTEGER DEFAULT 0)"
)
writing = Lock()
waiting: SimpleQueue[tuple[str, str]] = SimpleQueue()


@app.post("/hooks/shop")
def receive() -> Response:
    """Store the webhook with its call, then answer."""
    body = request.get_data()
    if not work.signed(body, request.headers.get("X-Signature", "")):
        return Response(status=401)
    event = json.loads(body)
    order, call = event["object"]["id"], json.dumps(work.call_for(event))
    with writing:
        stored = database.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, 0)", (order, body, call))
    if stored.rowcount:
        waiting.put((order, call))
    return Response("OK")


def send_all() -> None:
    """Make the calls that an earlier process left, then those of this one."""
    with writing:
        left = database.execute("SELECT id, call FROM events WHERE sent = 0").fetchall()
    for one in left:
        waiting.put(one)
    while True:
        order, call = waiting.get()
        if parameters := json.loads(call):
            work.send(parameters)
        with writing:
            database.execute("UPDATE events SET sent = 1 WHERE id = ?", (order,))


if os.environ["SENDS"]:
    Thread(target=send_all, daemon=True).start()
