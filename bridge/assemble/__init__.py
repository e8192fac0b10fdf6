"""Builds the processes from settings: the only place that connects the parts."""
