"""The REST endpoints and their middleware."""
