"""What prepares things on the host: set-up, provisioning, a local Directus; the commands."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""
