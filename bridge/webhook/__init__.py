"""A request becomes events: pure."""
