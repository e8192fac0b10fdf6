"""The lock holds all that the program needs: whoever clones the project and runs it has nothing else."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUN_WHEN_IMPORTED = ("__main__", "asgi", "env")
IMPORTING = """
import importlib, sys
hidden = set(sys.argv[1].split()) - set(sys.modules)
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{name} is not in the lock", name=name)
sys.meta_path.insert(0, Hide())
for module in sys.argv[2].split():
    importlib.import_module(module)
"""


def locked() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))


def test_every_module_can_be_imported_with_nothing_but_what_is_locked() -> None:
    known = locked() | {"leadbridge", "pip"}
    strange = [
        module
        for module, owners in packages_distributions().items()
        if not known & {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners}
    ]
    assert "pytest" in strange
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "bridge").rglob("*.py")
        if path.stem not in RUN_WHEN_IMPORTED
    ]
    command = [sys.executable, "-c", IMPORTING, " ".join(strange), " ".join(modules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
