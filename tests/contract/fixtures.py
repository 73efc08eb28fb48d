"""The data that scenarios start from: who there is, what they may do, and what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.contract.recording import Scenario, fixture

ACTIONS = ("create", "read", "update", "delete")
EVERYTHING = ("messages", "authors", "articles", "things", "profile", "kinds")
RELATED = ("comments", "articles", "authors")


@dataclass(frozen=True)
class Custom:
    """A permission to read some fields, or some rows; Directus 12 has these with a licence only."""

    collection: str
    fields: tuple[str, ...] = ("*",)
    filter: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class User:
    """Somebody with a static token, a role of his own and its policy; ids as they were recorded."""

    name: str
    token: str
    id: str | None = None
    role: str | None = None
    policy: str | None = None
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    app_access: bool = False
    first_name: str | None = None
    custom: tuple[Custom, ...] = ()
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rights like the others, whose permissions come after those with recorded ids."""

    @property
    def email(self) -> str:
        """The address to log in with."""
        return f"{self.name}@example.com"

    @property
    def password(self) -> str:
        """The password to log in with."""
        return f"{self.name}-pass"


# In this order, so that the ids of permissions come out as they were recorded.
USERS = (
    User(
        "poster",
        "your_access_token",
        id="b855e9af-e2cf-4538-aa8f-86c41f533f32",
        role="0dd70ba1-103c-4504-8233-f31b12766892",
        rights={"messages": ("read", "create")},
    ),
    User(
        "editor",
        "editor-token",
        id="c073d5c1-ba26-4253-b410-377cf22ff2bf",
        rights=dict.fromkeys(EVERYTHING, ACTIONS),
        more={"comments": ACTIONS},
        first_name="Eddie",
    ),
    User(
        "reader",
        "reader-token",
        id="689fe205-e477-4653-ae6c-b68daaeaaf09",
        role="b0835bb6-af46-4506-b5fe-4c60da5e23f6",
        policy="392da563-fd27-4477-bbb5-24f2c7e71b96",
        rights={"messages": ("read",)},
    ),
    User("nobody", "nobody-token", policy="fff52f9a-a91c-4286-baac-9c2d7a8f21c9"),
    User("desk1", "desk1-token", id="ddafbcdd-a92d-42be-83ae-6f9748b9a950", app_access=True),
    # Sees of the users himself alone, as Directus' own rule for users of the app says.
    User(
        "desk2",
        "desk2-token",
        id="ddf45374-b4b6-4592-8e4f-ce01184b0c29",
        rights={"comments": ("create", "read", "update")},
        app_access=True,
        first_name="Dee",
    ),
    User(
        "moderator",
        "moderator-token",
        id="3b1f5c6e-0f57-4c39-9f0e-3c1e7c0b4d01",
        rights=dict.fromkeys(RELATED, ACTIONS) | {"directus_users": ("read",)},
        first_name="Mo",
    ),
    User(
        "guest",
        "guest-token",
        id="9a4d2c80-5d0a-4d5f-8c0c-0a6f5b7e2d02",
        rights={"comments": ACTIONS, "articles": ("read",)},
        first_name="Guest",
    ),
)
CUSTOM_USERS = (
    User(
        "limited",
        "limited-token",
        id="c4f0a7d2-8b3e-4e61-9d57-2b6c0e9f1a04",
        first_name="Lim",
        rights={"comments": ACTIONS, "messages": ("read",)},
        custom=(
            Custom("articles", ("id", "title", "views", "author"), {"published": {"_eq": True}}),
            Custom("authors", ("id",)),
            Custom("directus_users", ("id", "first_name")),
        ),
    ),
    User(
        "mixed",
        "mixed-token",
        id="e1d3b5a7-2c4f-4a68-8e90-7f5b3d1c9a05",
        first_name="Max",
        rights={"comments": ACTIONS, "messages": ("read",)},
        custom=(
            Custom("articles", ("id", "title", "author")),
            Custom("articles", ("*",), {"published": {"_eq": True}}),
            Custom("authors", ("*",), {"name": {"_neq": "Bob"}}),
            Custom("directus_users", ("first_name",)),
            Custom("directus_users", ("*",), {"id": {"_eq": "$CURRENT_USER"}}),
        ),
    ),
)
"""Users of whom Directus 12 has none without a licence."""

_DATA = fixture()
FEW = "messages_in_filter-operators_search-semantics_sort-forms"
_MANY = "messages_in_default-sort-and-limit_and_items-query-mutations-stop-at-default-limit"

Rows = Sequence[Mapping[str, Any]]

AUTHORS: Rows = _DATA["authors"]
ARTICLES: Rows = _DATA["articles"]
COMMENTS: Mapping[str, Mapping[str, Any]] = _DATA["comments"]
"""One comment of each of these users, by their tokens."""
# From few rows to many: the next key is one more than the highest that ever was.
MESSAGES: Mapping[str, Rows] = {
    "": _DATA["messages"],
    FEW: _DATA[FEW],
    _MANY: [
        {
            "id": number,
            "date_created": f"2026-01-01T0{number // 60}:{number % 60:02}:00.000Z",
            "text": f"message {number}",
            "user": "Ben",
        }
        for number in range(1, 106)
    ],
}
assert _DATA[_MANY] == "105 rows, ids 1..105"


def messages_of(scenario: Scenario) -> str:
    """Return which of MESSAGES a scenario starts from."""
    return next((name for name in MESSAGES if scenario.name in name), "")
