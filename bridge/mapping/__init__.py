"""An event becomes bot starts: pure."""
