"""Reads the store for people: lists, searches, counters and trends, and the audit log."""
