"""`/healthz`: the process is up. `/readyz`: it can do its work, or what keeps it from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify


def blueprint(problems: Callable[[], Mapping[str, str]]) -> Blueprint:
    """`problems` gives what is wrong now, by part of the bridge; empty when all is well."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("OK\n", content_type="text/plain")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        wrong = dict(problems())
        return jsonify({"ready": not wrong, "problems": wrong}), 503 if wrong else 200

    return health
