"""Rules at run time: turn an event into bot starts."""
