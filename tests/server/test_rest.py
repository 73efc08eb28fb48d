"""REST, by a real client."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.responses import StreamingResponse

from server.rest.context import answer, nested
from tests.server.people import PROJECT, client, refusal, without_times
from tests.server.sockets import BEARER, Start
from tests.server.turns import turns_during
from tests.support import plain_http

NOT_ALLOWED = (
    'You don\'t have permission to access collection "{}" or it does not exist. Queried in root.'
)


@pytest.fixture
def address(start: Start) -> str:
    return start(project=PROJECT).address


@pytest.fixture
def editor(address: str) -> Iterator[httpx.Client]:
    with client(address, "editor") as http:
        for user in ("Ben", "Rijk", "Ben"):
            http.post("/items/messages", json={"user": user})
        yield http


def test_reading_with_the_forms_of_a_query_string(editor: httpx.Client) -> None:
    answer = editor.get("/items/messages?filter[user][_eq]=Ben&fields[]=id&sort=-id&limit=1&meta=*")
    assert answer.text == '{"meta":{"total_count":3,"filter_count":2},"data":[{"id":3}]}'
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    one = editor.get("/items/messages/2?fields=user&meta=*")
    assert one.json() == {"data": {"user": "Rijk"}}
    assert editor.get("/items/messages/2/?fields=user").json() == one.json()
    assert len(editor.get("/items/messages/").json()["data"]) == 3
    assert editor.get("/items/messages/9").status_code == 403
    wrong = editor.get("/items/messages?filter[text][_bogus]=1")
    assert (wrong.status_code, wrong.json()["errors"][0]["extensions"]) == (
        400,
        {
            "reason": '"text" field type does not contain the "_bogus" filter operator',
            "code": "INVALID_QUERY",
        },
    )


def test_searching_with_a_body(editor: httpx.Client) -> None:
    def search(body: object) -> httpx.Response:
        return editor.request("SEARCH", "/items/messages?fields=user", json=body)

    query = {"filter": {"user": "Ben"}, "fields": ["id"], "meta": "filter_count"}
    assert search({"query": query}).text == '{"meta":{"filter_count":2},"data":[{"id":1},{"id":3}]}'
    assert search({"keys": [2, "3"]}).json() == {"data": [{"user": "Rijk"}, {"user": "Ben"}]}
    assert len(search({}).json()["data"]) == 3
    assert refusal(search([]))[2] == 'Invalid payload. "value" must be of type object.'


def test_creating(editor: httpx.Client) -> None:
    one = editor.post("/items/messages", json={"text": "a", "no": 1})
    assert without_times(one.json()["data"]) == {"id": 4, "text": "a", "user": None}
    many = editor.post("/items/messages?fields=id&meta=*", json=[{}, {"text": "b"}])
    assert many.json() == {"data": [{"id": 5}, {"id": 6}]}
    hidden = editor.post("/items/messages?fields=nofield", json={})
    assert (hidden.status_code, hidden.text) == (204, "")
    assert editor.get("/items/messages/7").status_code == 200
    deep = editor.post("/items/messages?deep[a]=1", json={})
    assert refusal(deep)[2] == 'Invalid query. "deep" is not supported by this server.'


def test_creating_without_reading(address: str, editor: httpx.Client) -> None:
    with client(address, "writer") as writer:
        answer = writer.post("/items/messages", json={"text": "w"})
        assert (answer.status_code, answer.text) == (204, "")
        assert refusal(writer.get("/items/messages"))[1:] == (
            "FORBIDDEN",
            NOT_ALLOWED.format("messages"),
        )
    assert editor.get("/items/messages/4?fields=text").json() == {"data": {"text": "w"}}


def test_updating(editor: httpx.Client) -> None:
    def patch(path: str, body: object) -> object:
        return editor.patch(f"/items/messages{path}", json=body).json()["data"]

    assert patch("/1?fields=id,text", {"text": "a"}) == {"id": 1, "text": "a"}
    by_keys = {"keys": [2, "1"], "data": {"text": "b"}}
    assert patch("?fields=text", by_keys) == [{"text": "b"}, {"text": "b"}]
    by_query = {"query": {"filter": {"user": "Rijk"}}, "data": {"text": "c"}}
    assert patch("?fields=id,text", by_query) == [{"id": 2, "text": "c"}]
    nothing = {"query": {"filter": {"user": "Nobody"}}, "data": {"text": "c"}}
    assert patch("", nothing) == []
    batch = [{"id": 1, "text": "d"}, {"id": 2, "text": "e"}]
    assert patch("?fields=id,text", batch) == batch
    assert refusal(editor.patch("/items/messages/9", json={"text": "a"}))[:2] == (403, "FORBIDDEN")


def test_deleting(editor: httpx.Client) -> None:
    def delete(path: str, body: object = None) -> int:
        return editor.request("DELETE", f"/items/messages{path}", json=body).status_code

    assert delete("/1") == 204
    assert delete("/1") == 403
    assert delete("", ["2"]) == 204
    assert delete("", {"query": {"filter": {"user": "Nobody"}}}) == 204
    assert len(editor.get("/items/messages").json()["data"]) == 1
    assert delete("", {"keys": [3]}) == 204
    assert editor.get("/items/messages").json() == {"data": []}


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        ("PATCH", {"data": {}}, '"value" must contain at least one of [query, keys]'),
        ("PATCH", {"keys": [1]}, '"data" is required'),
        ("PATCH", {"keys": [1], "data": 5}, '"data" must be of type object'),
        ("PATCH", {"keys": 1, "data": {}}, '"keys" must be an array'),
        ("PATCH", {"keys": [None], "data": {}}, '"keys[0]" must be one of [string, number]'),
        ("PATCH", {"keys": [1], "data": {}, "no": 1}, '"no" is not allowed'),
        ("PATCH", [{"text": "a"}], "Item in update misses primary key"),
        ("DELETE", {}, '"value" must contain at least one of [query, keys]'),
        ("DELETE", {"query": 5}, '"query" must be of type object'),
        (
            "DELETE",
            {"keys": [1], "query": {}},
            '"value" contains a conflict between exclusive peers [query, keys]',
        ),
        ("SEARCH", {"keys": [True]}, '"keys[0]" must be one of [string, number]'),
    ],
)
def test_bodies_that_say_nothing_usable(
    editor: httpx.Client, method: str, body: object, words: str
) -> None:
    answer = editor.request(method, "/items/messages", json=body)
    assert refusal(answer) == (400, "INVALID_PAYLOAD", f"Invalid payload. {words}.")


def test_a_singleton_is_one_object(editor: httpx.Client, address: str) -> None:
    assert editor.get("/items/settings").json() == {"data": {"id": None, "title": "untitled"}}
    assert editor.get("/items/settings?fields=id").json() == {"data": {"id": None}}
    first = editor.patch("/items/settings", json={}).json()["data"]
    assert first["title"] == "untitled"
    assert first["owner"] == editor.get("/users/me").json()["data"]["id"]
    editor.patch("/items/settings", json={"title": "mine"})
    expected = {"data": {"id": 1, "title": "mine"}}
    assert editor.get("/items/settings?fields=id,title").json() == expected
    search = {"keys": [9], "query": {"fields": "id,title"}}
    assert editor.request("SEARCH", "/items/settings", json=search).json() == expected
    assert refusal(editor.post("/items/settings", json={}))[2] == "Route /settings doesn't exist."
    one = editor.patch("/items/settings/1", json={})
    assert refusal(one)[2] == "Route /settings/1 doesn't exist."
    with client(address, "writer") as writer:
        assert writer.patch("/items/settings", json={}).status_code == 403


def test_references(editor: httpx.Client) -> None:
    wrong = editor.post("/items/pieces", json={"name": "a", "message": 99})
    assert refusal(wrong) == (400, "INVALID_FOREIGN_KEY", "Invalid foreign key.")
    editor.post("/items/pieces", json={"name": "a", "message": 2})
    kept = editor.delete("/items/messages/1")
    assert refusal(kept)[1] == "INVALID_FOREIGN_KEY"
    assert editor.delete("/items/messages/2").status_code == 204
    assert editor.get("/items/pieces/1?fields=message").json() == {"data": {"message": None}}


def test_who_may_not(start: Start) -> None:
    with client(start().address) as http:
        assert refusal(http.get("/items/messages"))[2] == NOT_ALLOWED.format("messages")
        assert http.post("/items/messages", json={}).status_code == 403
        assert refusal(http.get("/items/nope"))[2] == NOT_ALLOWED.format("nope")
        system = refusal(http.get("/items/directus_users"))
        assert system == (403, "FORBIDDEN", "You don't have permission to access this.")
        wrong = http.get("/items/messages", headers={"Authorization": "bearer wrong"})
        assert refusal(wrong) == (401, "INVALID_CREDENTIALS", "Invalid user credentials.")
        twice = http.get("/items/messages?access_token=x", headers=BEARER)
        assert refusal(twice)[:2] == (400, "INVALID_PAYLOAD")
        assert http.get("/items/messages?access_token=your_access_token").json() == {"data": []}


def test_bodies_that_are_too_large_or_no_json(start: Start) -> None:
    with plain_http.client(
        base_url=f"http://{start(max_payload_size=100).address}", headers=BEARER
    ) as http:
        large = http.post("/items/messages", json={"text": "x" * 200})
        assert refusal(large)[2] == "Invalid payload. request entity too large."
        plain = http.post("/items/messages", content=b"{bad")
        assert plain.json()["data"]["text"] is None, "what is not said to be JSON is not read"
        json = {"Content-Type": "application/json"}
        marked = http.post("/items/messages", content=b'\xef\xbb\xbf{"text":"a"}', headers=json)
        assert marked.json()["data"]["text"] == "a", "a byte order mark does no harm"
        latin = {"Content-Type": 'application/json; charset="latin1"'}
        other = http.post("/items/messages", content=b"{}", headers=latin)
        assert refusal(other)[2] == 'Invalid payload. unsupported charset "LATIN1".'
        gzip = {**json, "Content-Encoding": "gzip"}
        zipped = http.post("/items/messages", content=b"{}", headers=gzip)
        assert refusal(zipped)[2] == 'Invalid payload. unsupported content encoding "gzip".'
        for text, words in (
            (b"{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
            (b"bad", "Unexpected token 'b', \"bad\" is not valid JSON"),
        ):
            bad = http.post("/items/messages", content=text, headers=json)
            assert refusal(bad) == (400, "INVALID_PAYLOAD", f"Invalid payload. {words}.")


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([("a", "1"), ("a", "2"), ("a", "3")], {"a": ["1", "2", "3"]}),
        ([("a[b][c]", "1"), ("a[b][d]", "2")], {"a": {"b": {"c": "1", "d": "2"}}}),
        ([("a", "1"), ("a[b]", "2")], {"a": ["1", {"b": "2"}]}),
        ([("a", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a", "1"), ("a[0]", "2")], {"a": ["1", "2"]}),
        ([("a[b]", "1"), ("a[b][c][d]", "2")], {"a": {"b": ["1", {"c": {"d": "2"}}]}}),
        ([("a[b]", "1"), ("a", "2")], {"a": {"b": "1", "1": "2"}}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[0][b]", "1")], {"a": [{"b": "1"}]}),
        ([("[a]", "1"), ("", "2")], {"": {"a": "1", "1": "2"}}),
        ([("a" * 1_001, "1"), ("b" * 1_000, "2")], {"b" * 1_000: "2"}),
    ],
)
def test_names_of_a_query_string(pairs: list[tuple[str, str]], tree: object) -> None:
    assert nested(pairs) == tree


def test_a_large_response_gives_way_after_each_piece() -> None:
    """Also where the system takes all of it at once."""

    async def run() -> None:
        response = answer(data="x" * 3_000_000)
        assert isinstance(response, StreamingResponse)
        pieces: list[object] = []

        async def read() -> None:
            pieces.extend([piece async for piece in response.body_iterator])

        turns = await turns_during(read())
        assert len(pieces) == 12
        assert turns >= len(pieces)

    asyncio.run(run())


def test_all_that_is_missing_is_told_at_once(editor: httpx.Client) -> None:
    answer = editor.post("/items/pieces", json={"kept": None})
    assert [error["extensions"]["field"] for error in answer.json()["errors"]] == ["name", "kept"]
    assert answer.json()["errors"][0]["extensions"]["type"] == "required"
