"""SQLite: the connection and the schema."""
