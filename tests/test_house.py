"""Rules of the house that no other tool checks: where third-party packages live, what no module may hold."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for path in (ROOT / "bridge").rglob("*.py"))
HOMES = {
    "yaml": ("bridge/language/document.py", "bridge/language/nodes.py", "bridge/language/yaml_spans.py"),
    "jsonpath_ng": ("bridge/jsonpath/",),
    "re2": ("bridge/regex.py",),
    "phonenumbers": ("bridge/language/functions/",),
    "orjson": ("bridge/jsonpath/exact_numbers.py",),
    "simplejson": ("bridge/jsonpath/exact_numbers.py", "bridge/webhook/decode/json_body.py"),
    "defusedxml": ("bridge/webhook/decode/xml_body.py",),
    "cryptography": ("bridge/webhook/",),
    "sqlalchemy": ("bridge/store/",),
    "alembic": ("bridge/store/",),
    "psycopg": ("bridge/store/",),
    "sqlite3": ("bridge/store/",),
    "requests": ("bridge/dispatch/",),
    "urllib3": ("bridge/dispatch/",),
    "flask": ("bridge/web/",),
    "werkzeug": ("bridge/web/",),
    "itsdangerous": ("bridge/web/console/auth/cookies.py",),
    "markupsafe": ("bridge/web/console/",),
    "click": ("bridge/main.py", "bridge/commands/"),
    "uvicorn": ("bridge/web/",),
    "httptools": ("bridge/web/protocol.py", "bridge/sandbox/request.py"),
    "uvloop": ("bridge/web/server.py", "bridge/sandbox/server.py", "bridge/dispatch/worker.py"),
    "a2wsgi": ("bridge/web/flask_app.py",),
    "dotenv": ("bridge/settings.py",),
    "prometheus_client": ("bridge/web/counting.py",),
}
PURE = (
    "bridge/jsonpath/",
    "bridge/language/",
    "bridge/webhook/",
    "bridge/mapping/",
    "bridge/problems/",
    "bridge/model.py",
    "bridge/errors.py",
)
WORLD = {"os", "socket", "subprocess", "threading", "time", "urllib.request", "http.client"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    return path.read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def test_a_third_party_package_is_used_only_in_its_home() -> None:
    strays = [
        f"{name(path)}:{line} {module}"
        for path in MODULES
        for line, module in imports(tree_of(path))
        if (homes := HOMES.get(module.split(".")[0])) and not name(path).startswith(homes)
    ]
    assert strays == []


def test_the_pure_half_touches_no_clock_network_or_environment() -> None:
    pure = [path for path in MODULES if name(path).startswith(PURE)]
    touched = [
        f"{name(path)}:{line} {module}"
        for path in pure
        for line, module in imports(tree_of(path))
        if module in WORLD
    ]
    assert len(pure) > 100
    assert touched == []


def test_only_settings_and_what_is_inherited_come_from_the_environment() -> None:
    readers = [name(path) for path in MODULES if re.search(r"os\.environ|getenv", text_of(path))]
    assert readers == ["bridge/inherited.py", "bridge/settings.py"]


LATE = {
    "bridge/dispatch/http/certificates.py _get": "an HTTP client takes 7 MB and few sources need it",
    "bridge/dispatch/http/certificates.py authorities": "as the client",
    "bridge/language/functions/phones.py _phone": "phonenumbers takes 1 MB and few mappings need it",
    "bridge/commands/run.py _show_demo": "the parent of all processes stays small and starts soon",
    "bridge/commands/worker.py _dispatch": "the parent of the dispatcher stays small",
    "bridge/store/db/engine.py _upgrade": "alembic is slow to import and seldom needed",
    "bridge/store/db/engine.py postgres_module": "psycopg is an extra",
    "bridge/webhook/verify/scheme.py _jwt": "cryptography is slow to import and few sources need it",
    "bridge/webhook/verify/scheme.py _signature": "cryptography is slow to import and few sources need it",
}
"""Functions that import, and why."""


def test_nothing_is_imported_inside_a_function_or_for_type_checking_only() -> None:
    inside = [
        f"{name(path)} {function.name}"
        for path in MODULES
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert sorted(inside) == sorted(LATE)
    assert [name(path) for path in MODULES if "TYPE_CHECKING" in text_of(path)] == []


def test_no_handler_swallows_everything() -> None:
    bare = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException"))
    ]
    assert bare == []
