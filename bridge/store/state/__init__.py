"""What the bridge remembers about itself: notes, the last good mappings, alerts, shapes of answers."""
