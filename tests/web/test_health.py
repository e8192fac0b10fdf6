from __future__ import annotations

import json
from typing import Any

from bridge.mapping.compile.compiler import Unset
from bridge.problems.facts import Facts, Fault, Late
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason, recorded
from bridge.reasons.span import span
from bridge.web.health import readyz

SILENT = Fault(Reason(ProblemCode.DATABASE_SILENT, span=span(7000)))


def answered(known: Facts) -> tuple[int, Any]:
    status, body = readyz(known)
    return status, json.loads(body)


def test_without_problems_it_is_ready() -> None:
    assert answered(Facts()) == (200, {"ready": True, "problems": {}, "warnings": {}})


def test_each_problem_is_shown_by_name() -> None:
    disk = Fault(Reason(ProblemCode.NOTHING_ACCEPTED, why=recorded("full")))
    tables = Fault(Reason(ProblemCode.MIGRATIONS))
    status, answer = answered(Facts(database=SILENT, tables=tables, disk=disk, files="broken"))
    assert status == 503
    assert answer == {
        "ready": False,
        "problems": {
            "database": "the database has not answered for 7 s; run: leadbridge doctor",
            "migrations": "the database's tables are not those of this version; run: leadbridge migrate",
            "disk": "nothing is accepted: “full”",
            "mappings": "the mapping files have errors: nothing is accepted; run: leadbridge check",
        },
        "warnings": {},
    }


def test_warnings_do_not_make_it_unready() -> None:
    closed = (Unset("source", "shop", ("A",)), Unset("source", "crm", ("B",)))
    status, answer = answered(Facts(files="stale", unset=closed, late=Late("main", 91_000)))
    assert status == 200
    assert answer == {
        "ready": True,
        "problems": {},
        "warnings": {
            "mappings": "the mapping files have errors or are missing: the last good set stays in use; "
            "run: leadbridge check",
            "variables": "source shop is closed, its webhooks are answered 503: A is not set; "
            "set it in the environment or in .env; "
            "source crm is closed, its webhooks are answered 503: B is not set; "
            "set it in the environment or in .env",
            "queue": "a call of account main has been due for 1 min; check that a dispatcher is running, "
            "the account is not paused and its pace is high enough; run: leadbridge doctor",
        },
    }


def test_hints_are_not_shown() -> None:
    _, answer = answered(Facts(unheard=("shop",)))
    assert answer == {"ready": True, "problems": {}, "warnings": {}}
