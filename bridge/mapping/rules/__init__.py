"""An event becomes bot starts: the rules at run time."""
