"""REST, by a real client."""

import httpx

from tests.server.sockets import BEARER, Start


def test_rest_reads_with_the_forms_of_a_query_string(start: Start) -> None:
    with httpx.Client(base_url=f"http://{start().address}", headers=BEARER) as client:
        for user in ("Ben", "Rijk", "Ben"):
            client.post("/items/messages", json={"user": user})
        answer = client.get(
            "/items/messages?filter[user][_eq]=Ben&fields[]=id&sort=-id&limit=1&meta=*"
        )
        assert answer.text == '{"meta":{"total_count":3,"filter_count":2},"data":[{"id":3}]}'
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert client.get("/items/messages/2?fields=user").json() == {"data": {"user": "Rijk"}}
        assert client.get("/items/messages/9").status_code == 403
        wrong = client.get("/items/messages?filter[text][_bogus]=1")
        assert (wrong.status_code, wrong.json()["errors"][0]["extensions"]) == (
            400,
            {
                "reason": '"text" field type does not contain the "_bogus" filter operator',
                "code": "INVALID_QUERY",
            },
        )


def test_rest_tells_who_may_not(start: Start) -> None:
    with httpx.Client(base_url=f"http://{start().address}") as client:
        assert client.get("/items/messages").status_code == 403
        assert client.post("/items/messages", json={}).status_code == 403
        wrong = client.get("/items/messages", headers={"Authorization": "bearer wrong"})
        assert (wrong.status_code, wrong.json()["errors"][0]["message"]) == (
            401,
            "Invalid user credentials.",
        )
        assert client.get("/server/health").status_code == 403
        assert client.get("/server/health", headers=BEARER).json() == {"status": "ok"}
        assert client.get("/server/ping").text == "pong"


def test_bodies_that_are_too_large_or_no_json(start: Start) -> None:
    address = start(max_payload_size=100).address
    with httpx.Client(base_url=f"http://{address}", headers=BEARER) as client:
        large = client.post("/items/messages", json={"text": "x" * 200})
        assert large.json()["errors"][0]["message"] == "Invalid payload. request entity too large."
        assert client.post("/items/messages", content=b"{bad").status_code == 400
        assert client.get("/items/messages").json() == {"data": []}
