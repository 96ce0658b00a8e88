"""One contract for every session store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Literal

import boto3
import pytest
from chatbot.sessions.base import Exchange, SessionStore, SessionUnavailableError
from chatbot.sessions.dynamodb import DynamoDBSessions
from chatbot.sessions.memory import MemorySessions
from chatbot.settings import Settings

from tests.conftest import REGION

pytestmark = pytest.mark.anyio
TABLE = "chatbot-sessions"
SESSION = "session-0123456789"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(ministack: dict[str, str]) -> Iterator[Any]:
    dynamodb = boto3.client("dynamodb", region_name=ministack["AWS_REGION"])
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "session_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield dynamodb
    dynamodb.delete_table(TableName=TABLE)


Make = Callable[..., SessionStore]


@pytest.fixture(params=["memory", "dynamodb"])
def make(request: pytest.FixtureRequest, clock: Clock) -> Make:
    kind: Literal["memory", "dynamodb"] = request.param
    if kind == "dynamodb":
        request.getfixturevalue("table")

    def store(**settings: Any) -> SessionStore:
        made = Settings(session_store=kind, session_table=TABLE, aws_region=REGION, **settings)
        return DynamoDBSessions(made, clock) if kind == "dynamodb" else MemorySessions(made, clock)

    return store


def exchange(number: int) -> Exchange:
    at = "2026-11-21T09:30:00+00:00"
    return Exchange(f"id-{number}", f"question {number} 日本語", f"answer {number}", "ai", at)


async def test_an_unknown_session_is_empty(make: Make) -> None:
    assert list(await make().read(SESSION)) == []


async def test_it_remembers_in_order(make: Make) -> None:
    store = make()
    for number in range(3):
        await store.append(SESSION, exchange(number))
    assert list(await store.read(SESSION)) == [exchange(0), exchange(1), exchange(2)]
    assert list(await store.read("another-0123456789")) == []


async def test_the_oldest_fall_out(make: Make) -> None:
    store = make(session_max_exchanges=2)
    for number in range(4):
        await store.append(SESSION, exchange(number))
    assert [item.id for item in await store.read(SESSION)] == ["id-2", "id-3"]


async def test_the_same_exchange_twice_is_once(make: Make) -> None:
    store = make()
    await store.append(SESSION, exchange(1))
    await store.append(SESSION, exchange(1))
    assert list(await store.read(SESSION)) == [exchange(1)]


async def test_an_unused_session_is_forgotten(make: Make, clock: Clock) -> None:
    store = make(session_ttl_seconds=60)
    await store.append(SESSION, exchange(1))
    clock.now += 59
    await store.append(SESSION, exchange(2))
    clock.now += 59
    assert len(await store.read(SESSION)) == 2
    clock.now += 2
    assert list(await store.read(SESSION)) == []
    await store.append(SESSION, exchange(3))
    assert [item.id for item in await store.read(SESSION)] == ["id-3"]


async def test_writers_at_the_same_time_lose_nothing(make: Make) -> None:
    stores = [make(), make()] if isinstance(make(), DynamoDBSessions) else [make()]
    await asyncio.gather(*(stores[number % len(stores)].append(SESSION, exchange(number)) for number in range(6)))
    assert sorted(item.id for item in await stores[0].read(SESSION)) == [f"id-{number}" for number in range(6)]


async def test_memory_is_bounded(clock: Clock) -> None:
    store = MemorySessions(Settings(session_max_in_memory=2), clock)
    for name in ("a", "b"):
        await store.append(name, exchange(1))
    await store.append("a", exchange(2))
    await store.append("c", exchange(1))
    assert [len(await store.read(name)) for name in ("a", "b", "c")] == [2, 0, 1]


async def test_the_table_deletes_what_expires(table: Any, clock: Clock) -> None:
    settings = Settings(session_store="dynamodb", session_table=TABLE, aws_region=REGION, session_ttl_seconds=60)
    await DynamoDBSessions(settings, clock).append(SESSION, exchange(1))
    item = table.get_item(TableName=TABLE, Key={"session_id": {"S": SESSION}})["Item"]
    assert item["expires_at"] == {"N": str(int(clock.now) + 60)}


@pytest.mark.usefixtures("ministack")
async def test_a_missing_table_is_said(clock: Clock) -> None:
    settings = Settings(session_store="dynamodb", session_table="absent", aws_region=REGION)
    with pytest.raises(SessionUnavailableError, match="the session table cannot be read"):
        await DynamoDBSessions(settings, clock).read(SESSION)
