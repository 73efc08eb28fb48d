"""Tokens, and the accountability behind them."""

import pytest

from server.auth.access import Access, Accountability
from server.project import Collection, Field, Policy, Project, Rule, User
from server.query.permission import Permission, Reading
from tests.server.guide import guide

NOTES = Collection("notes", tuple(Field(n, "text", primary=n == "id") for n in ("id", "a", "b")))
ADMIN = Policy("admin", admin=True)


def access_to(*users: User, public: tuple[Policy, ...] = ()) -> Access:
    project = Project((NOTES,), users, public)
    return Access(project, {user.email: f"id of {user.email}" for user in users})


def test_the_guides_user_reads_and_creates_and_the_public_nothing() -> None:
    access = Access(guide("secret"), {"poster@example.com": "uuid"})
    accountability = access.by_token("secret")
    assert accountability is not None
    assert accountability.user == "uuid"
    allowed = [
        action
        for action in ("create", "read", "update", "delete")
        if accountability.permission("messages", action) is not None
    ]
    assert allowed == ["create", "read"]
    assert accountability.permission("other", "read") is None
    assert access.public.permission("messages", "read") is None


@pytest.mark.parametrize("token", ["", "wrong"])
def test_nobody_has_an_empty_or_unknown_token(token: str) -> None:
    assert access_to(User("a@b.c", "", (ADMIN,))).by_token(token) is None


def test_administrators_may_do_everything() -> None:
    accountability = access_to(User("a@b.c", "t", (ADMIN,))).by_token("t")
    assert accountability is not None
    assert accountability.admin
    assert accountability.permission("anything", "delete") == Permission()


def test_fields_come_in_the_collections_order() -> None:
    assert Permission(("b", "id", "no")).visible(NOTES) == ("id", "b")
    assert Permission(("b", "*")).visible(NOTES) == ("id", "a", "b")


def test_a_rule_without_filter_opens_all_rows() -> None:
    some = Rule("notes", "read", ("a",), {"a": {"_eq": "x"}})
    accountability = Accountability(
        "u", (Policy("some", (some,)), Policy("all", (Rule("notes", "read"),)))
    )
    assert accountability.permission("notes", "read") == Permission(("a", "*"))


def test_public_policies_apply_without_a_token() -> None:
    public = access_to(public=(Policy("open", (Rule("notes", "read"),)),)).public
    assert public.user is None
    assert public.permission("notes", "read") == Permission()


def test_accounts_are_found_by_key_and_by_address_in_any_case() -> None:
    access = access_to(User("A@b.c", "t", (ADMIN,), "secret"))
    account = access.by_email("a@B.C")
    assert account is not None
    assert (account.id, account.password, account.accountability) == (
        "id of A@b.c",
        "secret",
        access.by_token("t"),
    )
    assert access.account("id of A@b.c") is account
    assert access.account("") is None
    assert access.by_email("") is None


def test_different_fields_of_different_rows_are_cases() -> None:
    some = Rule("notes", "read", ("id", "a"))
    own = Rule("notes", "read", ("b", "a"), {"a": {"_eq": "$CURRENT_USER"}})
    permission = Accountability("u", (Policy("p", (some, own)),)).permission("notes", "read")
    assert permission is not None
    assert (permission.fields, permission.rule) == (("id", "a", "b"), None)
    (_, mine) = permission.cases
    assert permission.rows(["b"]) == mine.rule
    assert permission.rows(["b", "id"]) is None
    assert permission.rows([]) is None
    assert permission.shows("a") is None
    assert permission.shows("b") == mine.rule
    alone = Permission(("a",), mine.rule)
    assert alone.rows(["a"]) == alone.shows("b") == mine.rule


def test_equal_readings_are_one_object_however_many_there_are() -> None:
    policies = (Policy("p", (Rule("notes", "read"),)),)
    ann, bob = Accountability("ann", policies), Accountability("bob", policies)
    assert ann.reading(("notes", "x")) is bob.reading(("notes", "x"))
    assert ann.reading(("notes", "x")) == Reading((("notes", Permission()), ("x", None)))
    for number in range(1_000):
        ann.reading((str(number),))
    assert ann.reading(("notes", "x")) == bob.reading(("notes", "x"))
