"""Programs that measure the bridge; each prints what it ran on and what it saw."""
