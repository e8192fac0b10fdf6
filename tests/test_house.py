"""Rules of the house that no other tool checks: where third-party packages live, what no module may hold."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for path in (ROOT / "bridge").rglob("*.py"))
HOMES = {
    "yaml": ("bridge/language/document.py", "bridge/language/nodes.py", "bridge/language/yaml_spans.py"),
    "jsonpath_ng": ("bridge/jsonpath/",),
    "re2": ("bridge/regex.py",),
    "phonenumbers": ("bridge/language/functions/",),
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
    "itsdangerous": ("bridge/web/console/cookies.py",),
    "markupsafe": ("bridge/web/console/",),
    "click": ("bridge/main.py", "bridge/cli/", "bridge/commands/"),
    "gevent": ("bridge/web/",),
    "gunicorn": ("bridge/web/",),
    "dotenv": ("bridge/settings.py",),
    "prometheus_client": ("bridge/web/counting.py",),
}
PURE = (
    "bridge/jsonpath/",
    "bridge/language/",
    "bridge/webhook/",
    "bridge/mapping/",
    "bridge/model.py",
    "bridge/errors.py",
)
WORLD = {"os", "socket", "subprocess", "threading", "time", "urllib.request", "http.client"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_third_party_package_is_used_only_in_its_home(path: Path) -> None:
    strays = [
        f"{name(path)}:{line} {module}"
        for line, module in imports(tree_of(path))
        if (homes := HOMES.get(module.split(".")[0])) and not name(path).startswith(homes)
    ]
    assert strays == []


@pytest.mark.parametrize("path", [path for path in MODULES if name(path).startswith(PURE)], ids=name)
def test_the_pure_half_touches_no_clock_network_or_environment(path: Path) -> None:
    touched = [f"{name(path)}:{line} {module}" for line, module in imports(tree_of(path)) if module in WORLD]
    assert touched == []


def test_only_settings_reads_the_environment() -> None:
    readers = [
        name(path) for path in MODULES if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert readers == ["bridge/settings.py"]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_is_imported_inside_a_function_or_for_type_checking_only(path: Path) -> None:
    inside = [
        f"{name(path)}:{node.lineno} {function.name}"
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []
    assert "TYPE_CHECKING" not in path.read_text()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_handler_swallows_everything(path: Path) -> None:
    bare = [
        f"{name(path)}:{node.lineno}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException"))
    ]
    assert bare == []
