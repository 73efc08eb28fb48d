"""What the server tells of itself, and of those who ask."""

from tests.server.people import PROJECT, client, refusal
from tests.server.sockets import Start


def test_who_am_i(start: Start) -> None:
    address = start(project=PROJECT).address
    with client(address, "writer") as writer:
        me = writer.get("/users/me?fields=email").json()["data"]
        assert list(me) == ["id"]
    with client(address, "admin") as admin:
        me = admin.get("/users/me?fields=email,id").json()["data"]
        assert (list(me), me["email"]) == (["email", "id"], "admin@example.com")
        assert "role" in admin.get("/users/me").json()["data"]
        assert list(admin.get("/users/me?fields=nofield").json()["data"]) == ["id"]
        keys = {"keys": [me["id"]]}
        assert len(admin.request("SEARCH", "/users", json=keys).json()["data"]) == 3, "no keys here"
    with client(address) as nobody:
        assert refusal(nobody.get("/users/me"))[:2] == (401, "INVALID_CREDENTIALS")


def test_health(start: Start) -> None:
    address = start(project=PROJECT).address
    with client(address) as nobody:
        assert nobody.get("/server/ping").text == "pong"
        assert refusal(nobody.get("/server/health"))[:2] == (403, "FORBIDDEN")
    with client(address, "writer") as writer:
        answer = writer.get("/server/health")
        assert answer.json() == {"status": "ok"}
        assert answer.headers["content-type"] == "application/health+json; charset=utf-8"
    with client(address, "admin") as admin:
        (check,) = admin.get("/server/health").json()["checks"]["sqlite3:responseTime"]
        assert check["observedValue"] < check["threshold"]


def test_info(start: Start) -> None:
    address = start(
        project=PROJECT,
        query_limit_max=500,
        rate_limiter_enabled=True,
        heartbeat_period=0.5,
        websockets_rest=False,
    ).address
    with client(address) as nobody:
        assert list(nobody.get("/server/info").json()["data"]) == ["project", "license"]
    with client(address, "writer") as writer:
        data = writer.get("/server/info").json()["data"]
        assert data["queryLimit"] == {"default": 100, "max": 500}
        assert data["rateLimit"] == {"points": 50, "duration": 1}
        assert (data["websocket"]["rest"], data["websocket"]["heartbeat"]) == (False, 0.5)
