"""Events, calls and attempts at rest. The only user of SQLAlchemy."""
