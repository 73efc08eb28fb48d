"""Queries: reading what a client sends, and SQL."""
