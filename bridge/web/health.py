"""`/healthz`: the process is up. `/readyz`: it can do its work, or what keeps it from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from flask import Blueprint, Response, jsonify


class Watch(Protocol):
    """Who knows how things stand. Answers at once, from what it saw last."""

    def problems(self) -> Mapping[str, str]:
        """What keeps this process from accepting webhooks now, by name; empty when all is well."""

    def warnings(self) -> Mapping[str, str]:
        """What someone should see to though webhooks are accepted, by name."""


def blueprint(watch: Watch) -> Blueprint:
    """Not ready (503) is only who cannot accept webhooks: warnings must not take it out of a balancer."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("OK\n", content_type="text/plain")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        problems, warnings = dict(watch.problems()), dict(watch.warnings())
        answer = {"ready": not problems, "problems": problems, "warnings": warnings}
        return jsonify(answer), 503 if problems else 200

    return health
