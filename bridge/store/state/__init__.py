"""State of the bridge itself: key-value pairs, the last good mappings, alerts, shapes of answers."""
