"""The response of /server/info: the values of a Directus with its defaults. No I/O."""

from typing import Any

from server.config import Config

VERSION = "12.4.0"

_PROJECT = {
    "project_name": "Directus",
    "project_descriptor": None,
    "project_logo": None,
    "project_color": "#6644FF",
    "default_appearance": "auto",
    "default_theme_light": None,
    "default_theme_dark": None,
    "theme_light_overrides": None,
    "theme_dark_overrides": None,
    "default_language": "en-US",
    "public_foreground": None,
    "public_background": None,
    "public_favicon": None,
    "public_note": None,
    "custom_css": None,
    "public_registration": False,
    "public_registration_verify_email": True,
}
_FEATURES: dict[str, Any] = {
    "project_owner_enabled": True,
    "mcp_enabled": True,
    "ai_enabled": True,
    "mcp_oauth_enabled": False,
    "mcp_oauth_dcr_enabled": False,
    "mcp_oauth_cimd_enabled": False,
    "autoSave": {"revisionInterval": 300},
    "ai_providers": [],
    "files": {"mimeTypeAllowList": ["*/*"]},
}
_ENTITLEMENTS = {
    "production_enabled": True,
    "ai_translations_enabled": False,
    "display_powered_by": "DIRECTUS",
}


def describe(config: Config, *, to_user: bool) -> dict[str, Any]:
    """Return the data of the response; users get more than the public."""
    license_ = {"source": None, "entitlements": _ENTITLEMENTS}
    if not to_user:
        return {"project": _PROJECT, "license": license_}
    limiter = {
        "points": config.rate_limiter_points,
        "duration": _number(config.rate_limiter_duration),
    }
    most = -1 if config.query_limit_max is None else config.query_limit_max
    return {
        "project": _PROJECT,
        **_FEATURES,
        "rateLimit": limiter if config.rate_limiter_enabled else False,
        "rateLimitGlobal": False,
        "extensions": {"limit": None},
        "queryLimit": {"default": config.query_limit_default, "max": most},
        "websocket": _sockets(config) if config.websockets else False,
        "version": VERSION,
        "license": license_,
    }


def _sockets(config: Config) -> dict[str, Any]:
    rest = {"authentication": config.auth, "path": config.websockets_rest_path}
    period = config.heartbeat_period
    return {
        "rest": rest if config.websockets_rest else False,
        "graphql": {"authentication": "handshake", "path": "/graphql"},
        "heartbeat": False if period is None else _number(period),
        "collaborativeEditing": True,
        "logs": False,
    }


def _number(seconds: float) -> int | float:
    return int(seconds) if float(seconds).is_integer() else seconds
