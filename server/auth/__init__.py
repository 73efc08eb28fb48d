"""Accounts, their permissions, and authentication."""
