"""The rest composable: the JS SDK's requests to the letter, and what comes of them.

What needs a Directus is in `tests/behaviours/over_http.py`.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from directus_realtime import (
    Command,
    ConnectionFailed,
    RestClient,
    ServerError,
    UsageError,
    create_directus,
    create_item,
    create_items,
    delete_item,
    delete_items,
    read_item,
    read_items,
    read_me,
    read_singleton,
    rest,
    server_ping,
    static_token,
    update_item,
    update_items,
    update_items_batch,
    update_singleton,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from server.background import Background
from tests.support.background import server_for
from tests.support.client import run
from tests.support.embedded import TOKEN, free_port

QUERY: dict[str, Any] = {
    "fields": ["id", {"author": ["name"]}],
    "filter": {"user": {"_eq": "Ben & ~Jerry*"}},
    "sort": ["-id"],
    "limit": 5,
    "page": 2,
    "search": "a b+c'(x)!",
}
SAME = {"filter": {"id": {"_gt": 1}}}

# What JS SDK 26.0.0 requests for the same call: method, path with parameters, body.
WIRE = [
    (
        read_items("messages", QUERY),
        "GET",
        "/items/messages?fields=id%2Cauthor.name"
        "&filter=%7B%22user%22%3A%7B%22_eq%22%3A%22Ben+%26+%7EJerry*%22%7D%7D"
        "&search=a+b%2Bc%27%28x%29%21&sort=-id&limit=5&page=2",
        "",
    ),
    (read_items("messages"), "GET", "/items/messages", ""),
    (
        read_items("messages", {"aggregate": {"count": "*"}, "groupBy": ["user"]}),
        "GET",
        "/items/messages?aggregate=%7B%22count%22%3A%22*%22%7D&groupBy=user",
        "",
    ),
    (
        read_items("messages", {"deep": {"a": {"_limit": 1}}, "alias": {"x": "text"}, "meta": "*"}),
        "GET",
        "/items/messages?deep=%7B%22a%22%3A%7B%22_limit%22%3A1%7D%7D"
        "&alias=%7B%22x%22%3A%22text%22%7D&meta=*",
        "",
    ),
    (read_item("messages", 7, {"fields": ["id"]}), "GET", "/items/messages/7?fields=id", ""),
    (
        create_item("messages", {"text": "a"}, {"fields": ["id"]}),
        "POST",
        "/items/messages?fields=id",
        '{"text":"a"}',
    ),
    (
        create_items("messages", [{"text": "a"}, {"text": "b"}]),
        "POST",
        "/items/messages",
        '[{"text":"a"},{"text":"b"}]',
    ),
    (update_item("messages", 1, {"text": "c"}), "PATCH", "/items/messages/1", '{"text":"c"}'),
    (
        update_items("messages", [1, 2], {"text": "d"}),
        "PATCH",
        "/items/messages",
        '{"keys":[1,2],"data":{"text":"d"}}',
    ),
    (
        update_items("messages", SAME, {"text": "d"}),
        "PATCH",
        "/items/messages",
        '{"query":{"filter":{"id":{"_gt":1}}},"data":{"text":"d"}}',
    ),
    (
        update_items_batch("messages", [{"id": 1, "text": "x"}]),
        "PATCH",
        "/items/messages",
        '[{"id":1,"text":"x"}]',
    ),
    (delete_item("messages", 1), "DELETE", "/items/messages/1", ""),
    (delete_items("messages", [1, 2]), "DELETE", "/items/messages", '{"keys":[1,2]}'),
    (
        delete_items("messages", SAME),
        "DELETE",
        "/items/messages",
        '{"query":{"filter":{"id":{"_gt":1}}}}',
    ),
    (read_singleton("about"), "GET", "/items/about", ""),
    (update_singleton("about", {"a": 1}), "PATCH", "/items/about", '{"a":1}'),
    (
        read_items("messages", {"search": "a\ud800", "sort": ["\udfff"], "\ud800": "x"}),
        "GET",
        "/items/messages?search=a%EF%BF%BD&sort=%EF%BF%BD&%EF%BF%BD=x",
        "",
    ),
    (read_me({"fields": ["id"]}), "GET", "/users/me?fields=id", ""),
    (server_ping(), "GET", "/server/ping", ""),
]


async def echo(request: Request) -> Response:
    """Tell what was asked for."""
    target = request.scope["raw_path"].decode().removeprefix("/base")
    if request.url.query:
        target += f"?{request.url.query}"
    headers = [request.headers.get(name, "") for name in ("authorization", "content-type")]
    body = (await request.body()).decode()
    return JSONResponse({"data": [request.method, target, body, *headers]})


async def trouble(request: Request) -> Response:
    """Answer as servers and proxies do that are in trouble."""
    match request.path_params["kind"]:
        case "html":
            return PlainTextResponse("<html>Bad Gateway", 502)
        case "errors":
            error = {"message": "Nothing matched.", "extensions": {}}
            return JSONResponse({"errors": [error]}, 200)
        case _:
            return RedirectResponse(request.path_params["kind"].replace("_", "/"))


@pytest.fixture(scope="module")
def mirror() -> Iterator[str]:
    """The address of a server that tells what it was asked for."""
    methods = ["GET", "POST", "PATCH", "DELETE"]
    routes = [
        Route("/base/trouble/{kind:path}", trouble),
        Route("/base/{path:path}", echo, methods=methods),
    ]
    with Background(server_for(Starlette(routes=routes))) as server:
        yield f"{server.url}/base"


def client(url: str, **options: Any) -> RestClient:
    return create_directus(url).with_(static_token(TOKEN)).with_(rest(**options))


@pytest.mark.parametrize(
    ("command", "method", "target", "body"), WIRE, ids=[f"{row[1]} {row[2][:40]}" for row in WIRE]
)
def test_the_request_is_the_js_sdks(
    mirror: str, command: Command, method: str, target: str, body: str
) -> None:
    async def scene() -> None:
        told = await client(mirror).request(command)
        assert told == [method, target, body, f"Bearer {TOKEN}", "application/json"]

    run(scene)


def test_a_key_is_part_of_the_path_whatever_it_holds(mirror: str) -> None:
    async def scene() -> None:
        told = await client(mirror).request(read_item("messages", "a/b ü?"))
        assert told[1] == "/items/messages/a%2Fb%20%C3%BC%3F"

    run(scene)


def test_without_a_token_none_is_sent_and_a_sockets_address_will_do(mirror: str) -> None:
    async def scene() -> None:
        directus = create_directus(mirror.replace("http", "ws")).with_(rest())
        assert (await directus.request(server_ping()))[3] == ""

    run(scene)


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [("html", "HTTP_502", "status 502: '<html>Bad Gateway'"), ("errors", "UNKNOWN", "Nothing")],
)
def test_what_is_no_answer_of_directus_is_an_error(
    mirror: str, kind: str, code: str, words: str
) -> None:
    async def scene() -> None:
        with pytest.raises(ServerError, match=words) as raised:
            await client(mirror).request(Command("GET", f"/trouble/{kind}"))
        assert raised.value.code == code

    run(scene)


def test_a_redirection_is_followed_without_the_token(mirror: str) -> None:
    async def scene() -> None:
        told = await client(mirror).request(Command("GET", "/trouble/_base_elsewhere"))
        assert told[1:4] == ["/elsewhere", "", ""]

    run(scene)


def test_where_nothing_listens_it_says_so() -> None:
    async def scene() -> None:
        with pytest.raises(ConnectionFailed, match="Nothing answers at"):
            await client(f"http://127.0.0.1:{free_port()}").request(server_ping())

    run(scene)


def test_a_request_that_breaks_off_is_told_from_a_server_that_is_down() -> None:
    async def scene() -> None:
        with pytest.raises(ConnectionFailed, match="answers, but this request had no answer"):
            await client(f"http://127.0.0.1:{port}").request(delete_item("messages", 1))

    def serve() -> None:
        for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong"):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve)
        thread.start()
        run(scene)
        thread.join()


def test_what_takes_too_long_is_given_up() -> None:
    async def scene() -> None:
        with pytest.raises(ConnectionFailed, match=r"did not answer within 0\.1 s"):
            await client(f"http://127.0.0.1:{port}", timeout=0.1).request(server_ping())

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        run(scene)


@pytest.mark.parametrize(
    "command",
    [
        lambda: read_items(""),
        lambda: read_items("directus_users"),
        lambda: read_item("messages", ""),
        lambda: update_items("messages", [], {"text": "x"}),
        lambda: delete_items("messages", []),
        lambda: delete_items("messages", {}),
    ],
    ids=["no collection", "a system collection", "no key", "no keys", "none", "all"],
)
def test_a_mistake_is_told_before_anything_is_sent(command: Any) -> None:
    with pytest.raises(UsageError):
        command()


def test_urllib_is_not_imported_before_a_request_needs_it() -> None:
    web = "{'urllib', 'http', 'email'}"
    asks = f"import sys, directus_realtime; print(*(sys.modules.keys() & {web}))"
    ran = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"
