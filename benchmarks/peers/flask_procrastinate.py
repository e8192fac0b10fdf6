"""Flask and procrastinate on PostgreSQL, whose commits are synchronous.

gunicorn --worker-class gthread --threads 32 "benchmarks.peers.flask_procrastinate:create_app()"
procrastinate --app benchmarks.peers.flask_procrastinate.tasks worker
"""

from __future__ import annotations

import json
import os

from flask import Flask, Response, request
from procrastinate import App, PsycopgConnector

from benchmarks.peers import work

DATABASE = os.environ["DATABASE_URL"]
tasks = App(connector=PsycopgConnector(conninfo=DATABASE, min_size=4, max_size=32))
tasks.task(name="start")(work.send)


def create_app() -> Flask:
    """The web application, with connections of its own."""
    app = Flask(__name__)
    tasks.open()
    start = tasks.configure_task(name="start")

    @app.post("/hooks/shop")
    def receive() -> Response:
        """Put the call into the queue, then answer."""
        body = request.get_data()
        if not work.signed(body, request.headers.get("X-Signature", "")):
            return Response(status=401)
        if call := work.call_for(json.loads(body)):
            start.defer(call=call)
        return Response("OK")

    return app
