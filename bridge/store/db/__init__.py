"""The databases: connections, tables, migrations, locks, disk, the group commit and wake-ups."""
