from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient

from bridge.web import health


@dataclass
class Known:
    wrong: Mapping[str, str] = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> Mapping[str, str]:
        return self.wrong

    def warnings(self) -> Mapping[str, str]:
        return self.odd


def client(known: Known) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(health.blueprint(known))
    return app.test_client()


def test_a_process_that_answers_is_up() -> None:
    answer = client(Known({"database": "gone"})).get("/healthz")
    assert (answer.status_code, answer.data) == (200, b"OK\n")


def test_ready_is_who_has_no_problem() -> None:
    answer = client(Known()).get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "problems": {}, "warnings": {}})


def test_each_problem_is_shown_by_name() -> None:
    wrong = {"database": "it has not answered for 7 s", "disk": "the disk has 3 MB left"}
    answer = client(Known(wrong)).get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"ready": False, "problems": wrong, "warnings": {}}


def test_a_warning_takes_nobody_out_of_a_balancer() -> None:
    odd = {"queue": "a call has been due for 91 s"}
    answer = client(Known(odd=odd)).get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "problems": {}, "warnings": odd})
