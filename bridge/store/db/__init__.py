"""The databases: connections, tables, migrations, locks, disk space, group commit and wake-ups."""
