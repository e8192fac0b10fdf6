"""The parent of the processes: it holds the listener, and starts, watches, restarts and stops children."""
