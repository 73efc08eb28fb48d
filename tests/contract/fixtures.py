"""The data that scenarios start from: who there is, what they may do, and what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.contract.recording import Scenario, fixture

ACTIONS = ("create", "read", "update", "delete")
EVERYTHING = ("messages", "authors", "articles", "things", "profile", "kinds")


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
    User("desk2", "desk2-token", id="ddf45374-b4b6-4592-8e4f-ce01184b0c29", app_access=True),
)

_DATA = fixture()
_FEW = "messages_in_filter-operators_search-semantics_sort-forms"
_MANY = "messages_in_default-sort-and-limit_and_items-query-mutations-stop-at-default-limit"

Rows = Sequence[Mapping[str, Any]]

AUTHORS: Rows = _DATA["authors"]
ARTICLES: Rows = _DATA["articles"]
# From few rows to many: the next key is one more than the highest that ever was.
MESSAGES: Mapping[str, Rows] = {
    "": _DATA["messages"],
    _FEW: _DATA[_FEW],
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
