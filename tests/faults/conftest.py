from __future__ import annotations

from tests.support.sandbox import sandbox

__all__ = ["sandbox"]
