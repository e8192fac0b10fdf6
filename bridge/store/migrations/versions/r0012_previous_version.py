"""Makes the tables safe for processes of the version before 0011, which run on while others are upgraded.

They insert calls without `place`: these get their id. They count live calls as `call:waiting`, and so does
this version; databases that ran an earlier form of 0011 get this name back.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SQLITE = (
    "CREATE TRIGGER calls_place AFTER INSERT ON calls WHEN NEW.place = 0 "
    "BEGIN UPDATE calls SET place = NEW.id WHERE id = NEW.id; END",
)
_POSTGRES = (
    "CREATE OR REPLACE FUNCTION calls_place() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN NEW.place := NEW.id; RETURN NEW; END'",
    "CREATE TRIGGER calls_place BEFORE INSERT ON calls FOR EACH ROW WHEN (NEW.place = 0) "
    "EXECUTE FUNCTION calls_place()",
)
_NAMES_BACK = (
    "UPDATE tallies SET kind = 'call:later' WHERE kind = 'call:waiting' "
    "AND EXISTS (SELECT 1 FROM tallies WHERE kind = 'call:live')",
    "UPDATE tallies SET kind = 'call:waiting' WHERE kind = 'call:live'",
)


def upgrade() -> None:
    op.execute("UPDATE calls SET place = id WHERE place = 0")
    for statement in _POSTGRES if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
    for statement in _NAMES_BACK:
        op.execute(statement)
