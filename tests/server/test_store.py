"""The store on a real file: what is answered is on the disk, and trouble is told, not suffered."""

import asyncio
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from server.database.engine import limit_time, make_engine
from server.database.store import Store, StoreError
from server.errors import DirectusError, forbidden
from server.items.request import ItemsRequest
from server.items.service import ItemsService
from tests.server.guide import guide
from tests.server.items_harness import EDITOR
from tests.support import plain_http
from tests.support.embedded import Embedded

PROJECT = guide("token")
MESSAGES = PROJECT.by_name["messages"].table
Talk = Callable[[Store], Coroutine[Any, Any, None]]


def create(text: str | None) -> Callable[[sa.Connection], int]:
    def work(connection: sa.Connection) -> int:
        result = connection.execute(sa.insert(MESSAGES).values(text=text))
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    return work


def texts(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(MESSAGES.c.text).order_by(MESSAGES.c.id)))


def seen_by_others(path: Path) -> list[str]:
    """Return what a process of its own would find in the file."""
    with sqlite3.connect(path, timeout=0) as connection:
        rows = connection.execute("SELECT text FROM messages ORDER BY id").fetchall()
    connection.close()
    return [text for (text,) in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.db"


@pytest.fixture
def with_store(path: Path) -> Callable[[Talk], None]:
    def run(conversation: Talk) -> None:
        async def timed(store: Store) -> None:
            async with asyncio.timeout(20):
                await conversation(store)

        store = Store(path, PROJECT)
        try:
            asyncio.run(timed(store))
        finally:
            store.close()

    return run


def test_a_write_is_answered_after_its_commit(
    with_store: Callable[[Talk], None], path: Path
) -> None:
    async def conversation(store: Store) -> None:
        for number in range(1, 4):
            assert await store.write(create(str(number))) == number
            assert seen_by_others(path)[-1] == str(number)

    with_store(conversation)


@pytest.mark.parametrize(
    ("pragma", "value"), [("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)]
)
def test_every_connection_is_as_safe_as_sqlite_can_be(
    with_store: Callable[[Talk], None], pragma: str, value: object
) -> None:
    def read(connection: sa.Connection) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()

    async def conversation(store: Store) -> None:
        assert await store.write(read) == value
        assert await asyncio.gather(*(store.read(read) for _ in range(4))) == [value] * 4

    with_store(conversation)


def test_writes_that_wait_are_committed_together_and_answered_in_order(
    with_store: Callable[[Talk], None], path: Path
) -> None:
    free = threading.Event()

    def hold(connection: sa.Connection) -> int:
        assert free.wait(10)
        return 0

    async def conversation(store: Store) -> None:
        order: list[int] = []
        seen: list[int] = []

        async def write(number: int) -> None:
            order.append(await store.write(create(str(number))))
            seen.append(len(seen_by_others(path)))

        held = asyncio.create_task(store.write(hold))
        writes = [asyncio.create_task(write(number)) for number in range(20)]
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(held, *writes)
        assert order == list(range(1, 21))
        assert set(seen) == {20}, "some were committed before the others"

    with_store(conversation)


@pytest.mark.parametrize("bound", ["jobs", "time"])
def test_a_transaction_ends_although_more_writes_wait(
    with_store: Callable[[Talk], None], bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = {"jobs": "_LARGEST_BATCH", "time": "_LONGEST_BATCH"}[bound]
    monkeypatch.setattr(f"server.database.store.{name}", {"jobs": 4, "time": -1.0}[bound])
    free = threading.Event()
    transactions: list[sa.RootTransaction | None] = []

    def work(connection: sa.Connection) -> None:
        assert free.wait(10)
        transactions.append(connection.get_transaction())

    async def conversation(store: Store) -> None:
        writes = [asyncio.create_task(store.write(work)) for _ in range(9)]
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*writes)

    with_store(conversation)
    sizes = [transactions.count(each) for each in dict.fromkeys(transactions)]
    assert sum(sizes) == 9
    assert max(sizes) == {"jobs": 4, "time": 1}[bound]


def test_a_write_that_raises_leaves_nothing_and_harms_no_other(
    with_store: Callable[[Talk], None], path: Path
) -> None:
    def fail(connection: sa.Connection) -> None:
        create("half")(connection)
        raise forbidden()

    def blunder(connection: sa.Connection) -> None:
        create("half")(connection)
        raise RuntimeError("a mistake of ours")

    async def conversation(store: Store) -> None:
        results = await asyncio.gather(
            store.write(create("a")),
            store.write(fail),
            store.write(blunder),
            store.write(create("b")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [int, DirectusError, RuntimeError, int]

    with_store(conversation)
    assert seen_by_others(path) == ["a", "b"]


def test_a_write_whose_caller_is_gone_is_still_made(
    with_store: Callable[[Talk], None], path: Path
) -> None:
    async def conversation(store: Store) -> None:
        caller = asyncio.create_task(store.write(create("kept")))
        await asyncio.sleep(0)
        caller.cancel()
        assert await store.write(create("next")) == 2

    with_store(conversation)
    assert seen_by_others(path) == ["kept", "next"]


def test_what_is_queued_is_written_before_the_store_closes(path: Path) -> None:
    async def run() -> None:
        store = Store(path, PROJECT)
        writes = [asyncio.create_task(store.write(create(str(n)))) for n in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.close)
        assert await asyncio.gather(*writes) == list(range(1, 51))

    asyncio.run(run())
    assert len(seen_by_others(path)) == 50


def test_a_file_that_another_process_holds_is_an_error_and_passes(
    with_store: Callable[[Talk], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.database.engine._BUSY_TIMEOUT", 0.05)

    async def conversation(store: Store) -> None:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DirectusError, match="Database is locked") as error:
            await store.write(create("late"))
        assert (error.value.code, error.value.status) == ("SERVICE_UNAVAILABLE", 503)
        assert await store.read(texts) == []
        other.execute("ROLLBACK")
        other.close()
        assert await store.write(create("in time")) == 1

    with_store(conversation)


def test_a_full_disk_is_an_error_and_passes(with_store: Callable[[Talk], None]) -> None:
    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 20")

    def lift(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")

    async def conversation(store: Store) -> None:
        await store.write(limit)
        results = await asyncio.gather(
            store.write(create("small")),
            store.write(create("x" * 1_000_000)),
            store.write(create("also small")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [int, DirectusError, int]
        assert await store.read(texts) == ["small", "also small"]
        await store.write(lift)
        await store.write(create("x" * 1_000_000))

    with_store(conversation)


def test_a_file_that_breaks_while_we_run_is_an_error(
    with_store: Callable[[Talk], None], path: Path
) -> None:
    async def conversation(store: Store) -> None:
        await store.write(create("x" * 100_000))
        await store.write(lambda connection: None)
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version = 1")  # makes the store's page caches stale
        other.close()
        with pytest.raises(DirectusError, match="malformed"):
            await store.read(texts)

    with_store(conversation)


ENDLESS = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


def count_for_ever(connection: sa.Connection) -> None:
    connection.exec_driver_sql(ENDLESS)


def write_for_ever(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"INSERT INTO messages (text) {ENDLESS}")


@pytest.mark.parametrize(("kind", "threads"), [("read", 2), ("write", 1)])
def test_clients_take_turns(with_store: Callable[[Talk], None], kind: str, threads: int) -> None:
    """One thread does all the work, the others are held: so the order is that of the turns."""
    frees = [threading.Event() for _ in range(threads)]
    order: list[str] = []

    async def conversation(store: Store) -> None:
        run = getattr(store, kind)
        held = [asyncio.create_task(run(lambda _, free=free: free.wait(10))) for free in frees]
        await asyncio.sleep(0)
        asked = [*[("a", n) for n in range(20)], *[("b", n) for n in range(2)]]
        tasks = [
            asyncio.create_task(run(lambda _, name=name: order.append(name), name))
            for name, _ in asked
        ]
        await asyncio.sleep(0)
        frees[0].set()
        await asyncio.gather(*tasks)
        for free in frees:
            free.set()
        assert all(await asyncio.gather(*held))

    with_store(conversation)
    assert order.count("a") == 20
    assert order[:6].count("b") == 2, order


def test_subscribers_do_not_wait_for_the_reads_of_clients(
    with_store: Callable[[Talk], None],
) -> None:
    free = threading.Event()

    async def conversation(store: Store) -> None:
        held = [asyncio.create_task(store.read(lambda _: free.wait(10))) for _ in range(5)]
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(5):
                assert await store.read_views(texts) == []
        finally:
            free.set()
        await asyncio.gather(*held)

    with_store(conversation)


def test_a_read_that_takes_too_long_is_refused(
    with_store: Callable[[Talk], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.database.store.MAX_READ_TIME", 0.05)

    async def conversation(store: Store) -> None:
        for _ in range(3):
            with pytest.raises(DirectusError, match="takes too long") as error:
                await store.read(count_for_ever)
            assert error.value.code == "INVALID_QUERY"
        assert await store.read(texts) == []

    with_store(conversation)


def count_some(connection: sa.Connection) -> int:
    """Count far enough for SQLite to look at the clock."""
    numbers = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    return int(connection.exec_driver_sql(f"{numbers} SELECT max(i) FROM n").scalar_one())


def test_statements_on_a_machine_that_is_busy_are_not_called_slow(
    with_store: Callable[[Talk], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an hour in which other programs had the processor."""
    stalled = SimpleNamespace(
        monotonic=lambda: time.monotonic() + 3600, thread_time=time.thread_time
    )

    def stall(connection: sa.Connection) -> int:
        with monkeypatch.context() as patch:
            patch.setattr("server.database.engine.time", stalled)
            return count_some(connection)

    async def conversation(store: Store) -> None:
        assert await store.read(stall) == 20_000
        assert await store.write(stall) == 20_000

    with_store(conversation)


def test_a_moment_in_which_the_machine_stands_still_is_not_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is charged to the thread that runs; the next such moment counts in part."""
    now = 0.0
    monkeypatch.setattr("server.database.engine.time", SimpleNamespace(thread_time=lambda: now))
    engine = make_engine(path, 1)
    with engine.connect() as connection:
        limit_time(connection, 0.1)
        now += 10.0
        assert count_some(connection) == 20_000
        now += 0.05
        assert count_some(connection) == 20_000
        now += 0.06
        with pytest.raises(OperationalError, match="interrupted"):
            count_some(connection)
    engine.dispose()


def test_a_limit_ends_with_the_use_of_its_connection(path: Path) -> None:
    """The next one to use it begins its transaction before it has a limit of its own."""
    engine = make_engine(path, 1)
    with engine.connect() as connection:
        limit_time(connection, 0.0)
    with engine.connect() as connection:
        assert count_some(connection) == 20_000
    engine.dispose()


@pytest.mark.parametrize("action", ["create", "update"])
def test_items_that_take_too_long_together_are_refused(
    with_store: Callable[[Talk], None], action: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a hash for each: SQLite's own statements take no time."""
    monkeypatch.setattr("server.database.store.MAX_WRITE_TIME", 0.02)
    written = 0

    def write(*_: Any) -> int:
        nonlocal written
        written += 1
        until = time.thread_time() + 0.005
        while time.thread_time() < until:
            pass
        return written

    monkeypatch.setattr("server.items.service.insert", write)
    monkeypatch.setattr("server.items.service.update", write)
    items = ItemsService(PROJECT, lambda: datetime.now(UTC))
    data = [{"id": key} for key in range(1, 1_000)]
    request = ItemsRequest(action, PROJECT.by_name["messages"], EDITOR, data=data)

    async def conversation(store: Store) -> None:
        with pytest.raises(DirectusError, match="takes too long"):
            await store.write(lambda connection: items.perform(connection, request))

    with_store(conversation)
    assert written < 10


def test_what_comes_after_a_write_is_no_part_of_its_time(
    with_store: Callable[[Talk], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.database.engine._STEPS", 1)
    monkeypatch.setattr("server.database.store.MAX_WRITE_TIME", 0.01)

    def take_long(connection: sa.Connection) -> None:
        create("a")(connection)
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass

    async def conversation(store: Store) -> None:
        await asyncio.gather(store.write(take_long), store.write(create("b")))
        assert sorted(await store.read(texts)) == ["a", "b"]

    with_store(conversation)


@pytest.mark.parametrize("endless", [count_for_ever, write_for_ever])
def test_a_write_that_takes_too_long_is_refused_and_harms_no_other(
    with_store: Callable[[Talk], None],
    monkeypatch: pytest.MonkeyPatch,
    endless: Callable[[sa.Connection], None],
) -> None:
    monkeypatch.setattr("server.database.store.MAX_WRITE_TIME", 0.05)

    async def conversation(store: Store) -> None:
        results = await asyncio.gather(
            store.write(create("a")),
            store.write(endless),
            store.write(create("b")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [int, DirectusError, int]
        assert sorted(await store.read(texts)) == ["a", "b"]

    with_store(conversation)


def test_a_value_that_sqlite_cannot_hold_is_the_fault_of_its_author(
    with_store: Callable[[Talk], None],
) -> None:
    def work(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        before = driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
        try:
            create("x" * 20_000)(connection)
        finally:
            driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)

    async def conversation(store: Store) -> None:
        with pytest.raises(DirectusError, match="SQLite cannot hold it: string or blob") as error:
            await store.write(work)
        assert error.value.code == "INVALID_PAYLOAD"

    with_store(conversation)


def test_a_failed_write_logs_no_values(
    with_store: Callable[[Talk], None], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(connection: sa.Connection) -> None:
        statement = sa.text("INSERT INTO messages (text) SELECT :text FROM missing")
        connection.execute(statement, {"text": "a secret"})

    async def conversation(store: Store) -> None:
        await store.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=20"))
        with pytest.raises(DirectusError):
            await store.write(create("a secret" * 100_000))
        with pytest.raises(DirectusError):
            await store.write(fail)

    with_store(conversation)
    assert "a write failed" in caplog.text
    assert "secret" not in caplog.text


def test_a_database_is_for_one_server(path: Path) -> None:
    store = Store(path, PROJECT)
    try:
        with pytest.raises(StoreError) as error:
            Store(path, PROJECT)
        assert str(error.value) == (
            f"expected a database that no other server uses at {path}, got: that of the process "
            f"{os.getpid()}. Stop that one, or name another file with --db."
        )
    finally:
        store.close()
    Store(path, PROJECT).close()


@pytest.mark.skipif(sys.platform == "win32", reason="keeps the files of a running program")
@pytest.mark.parametrize("which", ["", "-wal", ".lock", "moved", "replaced"])
def test_a_file_that_is_deleted_while_we_run_is_an_error(
    with_store: Callable[[Talk], None], path: Path, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation(store: Store) -> None:
        await store.write(create("kept"))
        if which == "moved":
            path.rename(path.with_name("other.db"))
        else:
            Path(f"{path}{which if which in ('-wal', '.lock') else ''}").unlink()
        if which == "replaced":
            path.write_bytes(b"")
        for _ in range(2):
            results = await asyncio.gather(
                *(store.write(create("lost")) for _ in range(3)),
                store.read(texts),
                return_exceptions=True,
            )
            for result in results:
                assert isinstance(result, DirectusError)
                assert (result.code, result.status) == ("SERVICE_UNAVAILABLE", 503)
                assert "was deleted or replaced" in result.message

    with_store(conversation)
    assert "was deleted or replaced" in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.skipif(sys.platform == "win32", reason="keeps the files of a running program")
def test_a_file_that_is_deleted_under_writes_that_are_run_one_by_one(
    with_store: Callable[[Talk], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.database.store.MAX_WRITE_TIME", 0.05)
    free = threading.Event()

    async def conversation(store: Store) -> None:
        held = asyncio.create_task(store.write(lambda _: free.wait(10)))
        works: list[Callable[[sa.Connection], Any]] = [write_for_ever, create("lost"), create("x")]
        writes = [asyncio.create_task(store.write(work)) for work in works]
        await asyncio.sleep(0)
        path.unlink()
        free.set()
        for result in await asyncio.gather(held, *writes, return_exceptions=True):
            assert isinstance(result, DirectusError), result

    with_store(conversation)


def test_an_unexpected_failure_of_a_write_logs_no_values(
    with_store: Callable[[Talk], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    async def conversation(store: Store) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("server.database.store._run", fail)
            with pytest.raises(RuntimeError):
                await store.write(create("a"))
        assert await store.write(create("b")) == 1

    with_store(conversation)
    assert "a write failed: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def hold(path: Path, *statements: str) -> sqlite3.Connection:
    """Open the database as another program, which does something and keeps it locked."""
    other = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        other.execute(statement)
    return other


EXCLUSIVE = ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")


def test_a_file_that_another_program_holds_alone_is_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.database.engine._BUSY_TIMEOUT", 0.05)
    Store(path, PROJECT).close()
    other = hold(path, *EXCLUSIVE)
    with pytest.raises(StoreError, match=r"got: database is locked\. Close what else uses it"):
        Store(path, PROJECT)
    other.close()
    Store(path, PROJECT).close()


def test_a_file_that_cannot_be_written_at_the_start_is_a_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.database.engine._BUSY_TIMEOUT", 0.05)
    other = hold(path, "PRAGMA journal_mode = WAL", "BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"got: database is locked\. Close what else uses it"):
        Store(path, PROJECT)
    other.close()
    Store(path, PROJECT).close()


@pytest.mark.parametrize("statements", [("BEGIN EXCLUSIVE",), ("BEGIN IMMEDIATE",)])
def test_a_lock_that_another_program_holds_costs_no_traceback_at_the_end(
    path: Path, statements: tuple[str, ...], tmp_path: Path
) -> None:
    server = Embedded(tmp_path).start()
    other = hold(tmp_path / "messages.db", *statements)
    headers = {"Authorization": "Bearer your_access_token"}
    answer = plain_http.post(f"{server.url}/items/messages", json={}, headers=headers, timeout=20)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["message"] == (
        'Service "database" is unavailable. Database is locked.'
    )
    server.stop()
    other.close()
    assert "Traceback" not in server.log
    assert "a write failed: database is locked" in server.log


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none/m\.db, got: unable to open.*--db"):
        Store(tmp_path / "none" / "m.db", PROJECT)
