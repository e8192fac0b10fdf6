"""Settings become a running bridge: the only place where constructors meet."""
