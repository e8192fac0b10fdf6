"""`python -m bridge` is `leadbridge`."""

from __future__ import annotations

import sys

from bridge.main import main

sys.exit(main())
