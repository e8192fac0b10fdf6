"""Makes docs/development/modules.md, a line per module. `make docs` writes it."""

from __future__ import annotations

import ast
import re
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "development" / "modules.md"
HEAD = """# Modules

The first sentence of every module, by folder. `make docs` makes this page.
[Architecture](../architecture.md) shows the path of a webhook by function.
"""


def code_map() -> str:
    """A heading per package, a line per module."""
    modules = [path for path in sorted((ROOT / "bridge").rglob("*.py")) if "versions" not in path.parts]
    modules.sort(key=lambda path: (path.parent.as_posix(), path.name))
    parts = [
        _package(folder, list(paths)) for folder, paths in groupby(modules, key=lambda path: path.parent)
    ]
    return "\n".join(parts)


def page() -> str:
    """The whole page."""
    return f"{HEAD}{code_map()}"


def _package(folder: Path, paths: list[Path]) -> str:
    about = next((_sentence(path) for path in paths if path.name == "__init__.py"), "")
    lines = [f"- `{path.name}` {_sentence(path)}" for path in paths if path.name != "__init__.py"]
    return f"\n## {folder.relative_to(ROOT).as_posix()}/\n\n{about}\n\n" + "\n".join(lines) + "\n"


def _sentence(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.sub(r"\s+", " ", text.split("\n\n")[0]).strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
