"""Signing in as an administrator, where nobody is asked."""

import pytest

from tests.tools.standin import StandIn, data
from tools.administrator import sign_in
from tools.directus_admin import DirectusAdmin
from tools.secret import ADMIN_PASSWORD


def test_the_password_may_come_from_the_environment(
    stand_in: StandIn, admin: DirectusAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.answers = {("POST", "/auth/login"): data({"access_token": "t"})}
    monkeypatch.setenv(ADMIN_PASSWORD, "secret")
    sign_in(admin, "a@example.com", "a token, which comes second")
    body = {"email": "a@example.com", "password": "secret"}
    assert stand_in.changes == [("POST", "/auth/login", body)]
