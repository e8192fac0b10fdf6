"""Turns an event into bot starts: pure."""
