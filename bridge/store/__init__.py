"""Stores events, calls and attempts. The only user of SQLAlchemy."""
