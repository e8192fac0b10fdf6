"""Flask and dramatiq on Redis, which syncs its log before it answers (`appendfsync always`).

gunicorn --worker-class gthread --threads 32 benchmarks.peers.flask_dramatiq:app
dramatiq benchmarks.peers.flask_dramatiq
"""

from __future__ import annotations

import json
import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from flask import Flask, Response, request

from benchmarks.peers import work

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))
start = dramatiq.actor(work.send)
app = Flask(__name__)


@app.post("/hooks/shop")
def receive() -> Response:
    """Put the call into the queue, then answer."""
    body = request.get_data()
    if not work.signed(body, request.headers.get("X-Signature", "")):
        return Response(status=401)
    if call := work.call_for(json.loads(body)):
        start.send(call)
    return Response("OK")
