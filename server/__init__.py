"""The embedded server: Directus' REST and WebSocket wire, on SQLite, for developing and testing."""
