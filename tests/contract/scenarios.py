"""How the server of a scenario is set up, and which scenarios are left out and why."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.contract.recording import Scenario

# These go on where the one before them ended, instead of starting from the fixture.
CHAINS = (
    (
        "quickstart-provisioning",
        "quickstart-policy-on-user",
        "quickstart-public-permissions",
        "quickstart-provisioning-errors",
        "data-model-discovery",
    ),
    (
        "sdk-quickstart",
        "sdk-query-is-sent-verbatim",
        "sdk-own-uid-and-key-order",
        "sdk-uid-restarts-after-disconnect",
        "sdk-auth-failure",
        "sdk-slow-consumer-loses-frames",
    ),
)

EMPTY = "without the fixture"
# Scenarios that need a server of their own, with what is particular to it.
_ALONE = dict.fromkeys(CHAINS[0], EMPTY) | {
    "server-shutdown-sigterm": "ended by it",
    # Its pings would reach the other scenarios, and it takes a minute.
    "heartbeat-default-period": "for a minute",
}
# What the notes do not tell of the server that was recorded.
_UNTOLD = {
    "origin-cors-list-": {"WEBSOCKETS_REST_PATH": "/ws"},
    "sdk-heartbeat": {"WEBSOCKETS_HEARTBEAT_PERIOD": "2"},
    "sdk-reconnect-after-server-close": {"WEBSOCKETS_HEARTBEAT_PERIOD": "2"},
}
_DEFAULTS = {"CORS_ENABLED": "false", "WEBSOCKETS_ENABLED": "true"}
_TIMERS = ("ACCESS_TOKEN_TTL", "WEBSOCKETS_REST_AUTH_TIMEOUT")
_FIXTURE_PATHS = re.compile(r"/(items|auth|server)/|/users/me")


@dataclass(frozen=True)
class Setup:
    """A server: Directus' settings where they are not its defaults, and what it is for."""

    settings: tuple[tuple[str, str], ...] = ()
    alone: str = ""

    def get(self, name: str, default: str = "") -> str:
        """Return a setting."""
        return dict(self.settings).get(name, default)

    @property
    def patience(self) -> float:
        """Seconds after which each timer that was set for the scenarios has fired; 0: none was."""
        set_ = [float(self.get(name, "0").rstrip("s")) for name in _TIMERS]
        return max(set_) + 1 if any(set_) else 0.0

    def __str__(self) -> str:
        told = [f"{name}={value}" for name, value in self.settings]
        return " ".join([*told, self.alone]).strip() or "default"


def setup_of(scenario: Scenario) -> Setup:
    """Return the server that a scenario is to be played against."""
    settings: dict[str, str] = {}
    if scenario.mode != "handshake":
        settings["WEBSOCKETS_REST_AUTH"] = scenario.mode
    settings |= scenario.settings
    for start, untold in _UNTOLD.items():
        if scenario.name.startswith(start):
            settings |= untold
    special = {name: value for name, value in settings.items() if _DEFAULTS.get(name) != value}
    return Setup(tuple(sorted(special.items())), _ALONE.get(scenario.name, ""))


def before(scenario: Scenario) -> tuple[str, ...]:
    """Return the scenarios, by name, that must have been played right before this one."""
    for chain in CHAINS:
        if scenario.name in chain:
            return chain[: chain.index(scenario.name)]
    return ()


def administers(scenario: Scenario) -> bool:
    """Tell whether a scenario changes more than items: users, permissions, collections."""
    calls = [step.frame for step in scenario.steps if step.on_http and step.direction == ">>"]
    return any(call["http"] != "GET" and not _FIXTURE_PATHS.match(call["path"]) for call in calls)


RELATIONS = "one-to-many, deep, alias, aggregate, groupBy, nested writes"
HIDDEN = "filters and sorts by what may not be read: here there is nothing to find"
NOWHERE = "fields of a field that is unknown: refused by name"
OTHER_TYPES = "values that a field's type does not have: refused by name"
SECRETS = "passwords and tokens of users"
ADMINISTRATION = "system collections and administration by REST"
COOKIES = "session cookies"
SHUTDOWN = "the close at shutdown: ours is a clean 1001"

# What the embedded server does not do, and is not meant to.
NOT_EMBEDDED: Mapping[str, str] = {
    "subscribe-group-by": RELATIONS,
    "alias-subscription": RELATIONS,
    "aggregate-subscription": RELATIONS,
    "relations-deep-subscription": RELATIONS,
    "items-read-aggregate": RELATIONS,
    "permission-revoked-while-subscribed": ADMINISTRATION,
    "permission-row-filter-per-subscriber": ADMINISTRATION,
    "permission-create-without-read": ADMINISTRATION,
    "permission-custom-rules-need-licence": ADMINISTRATION,
    "user-token-removed-does-not-close-socket": ADMINISTRATION,
    **dict.fromkeys(CHAINS[0], ADMINISTRATION),
    "upgrade-session-cookie-valid": COOKIES,
    "rest-auth-cookie-and-session": COOKIES,
    "strict-session-cookie": COOKIES,
    "server-shutdown-sigterm": SHUTDOWN,
    "relations-hidden-rows-in-filters": HIDDEN,
    "permissions-limited-hidden-in-filters": HIDDEN,
    "permissions-cases-hidden-in-filters": HIDDEN,
    "relations-leads-nowhere": NOWHERE,
    "users-secrets": SECRETS,
    "filter-values-of-other-types": OTHER_TYPES,
    "write-values-of-other-types": OTHER_TYPES,
}
# Of these, only the steps that are named.
STEPS_NOT_EMBEDDED: Mapping[str, tuple[str, frozenset[int]]] = {
    "items-read-relations": (RELATIONS, frozenset({5, 6, 9, 10})),
    "error-subscribe-meta-alias": (RELATIONS, frozenset({9, 10})),
    "create-many-is-atomic": (RELATIONS, frozenset({7, 8})),
    "items-bad-date-value-is-silent": (RELATIONS, frozenset({5, 6})),
    "items-query-mutations-stop-at-default-limit": (RELATIONS, frozenset({6, 7, 10, 11})),
}


def embedded(scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Return what the embedded server is measured by."""
    return [
        scenario.without(STEPS_NOT_EMBEDDED.get(scenario.name, ("", frozenset()))[1])
        for scenario in scenarios
        if scenario.name not in NOT_EMBEDDED
    ]
