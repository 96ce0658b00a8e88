"""Sessions in a DynamoDB table with the partition key `session_id` (text) and `expires_at` as its TTL attribute."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chatbot import threads
from chatbot.aws import lazy_client
from chatbot.sessions.base import Exchange, SessionUnavailableError
from chatbot.settings import Settings

_MOST_CONFLICTS = 8


class DynamoDBSessions:
    """One item per session. Writes are conditional on the version that was read, so two tasks lose nothing."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._table = settings.session_table
        self._clock = clock
        self._client = lazy_client("dynamodb", settings, connect_seconds=1, read_seconds=2, attempts=3)

    async def read(self, session_id: str) -> Sequence[Exchange]:
        exchanges, _version = await threads.call(lambda: self._get(session_id))
        return tuple(exchanges)

    async def append(self, session_id: str, exchange: Exchange) -> None:
        await threads.call(lambda: self._append(session_id, exchange))

    def _get(self, session_id: str) -> tuple[list[Exchange], int]:
        try:
            answer = self._client.get().get_item(
                TableName=self._table, Key={"session_id": {"S": session_id}}, ConsistentRead=True
            )
        except (BotoCoreError, ClientError) as error:
            raise SessionUnavailableError(f"the session table cannot be read: {error}") from error
        item = answer.get("Item", {})
        version = int(item.get("version", {}).get("N", 0))
        # DynamoDB deletes what has expired within days, not at once.
        if not item or int(item["expires_at"]["N"]) <= self._clock():
            return [], version
        return [_from_attribute(attribute) for attribute in item["exchanges"]["L"]], version

    def _append(self, session_id: str, exchange: Exchange) -> None:
        for _conflict in range(_MOST_CONFLICTS):
            exchanges, version = self._get(session_id)
            if any(known.id == exchange.id for known in exchanges):
                return
            kept = [*exchanges, exchange][-self._settings.session_max_exchanges :]
            if self._put(session_id, kept, version):
                return
        raise SessionUnavailableError(f"the session changed {_MOST_CONFLICTS} times while it was written")

    def _put(self, session_id: str, exchanges: list[Exchange], version: int) -> bool:
        item = {
            "session_id": {"S": session_id},
            "exchanges": {"L": [_to_attribute(exchange) for exchange in exchanges]},
            "expires_at": {"N": str(int(self._clock()) + self._settings.session_ttl_seconds)},
            "version": {"N": str(version + 1)},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(session_id)"}
        if version:
            condition = {
                "ConditionExpression": "#version = :read",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":read": {"N": str(version)}},
            }
        try:
            self._client.get().put_item(TableName=self._table, Item=item, **condition)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
                return False
            raise SessionUnavailableError(f"the session table cannot be written: {error}") from error
        except BotoCoreError as error:
            raise SessionUnavailableError(f"the session table cannot be written: {error}") from error
        return True


def _to_attribute(exchange: Exchange) -> dict[str, Any]:
    return {"M": {name: {"S": value} for name, value in asdict(exchange).items()}}


def _from_attribute(attribute: dict[str, Any]) -> Exchange:
    return Exchange(**{name: value["S"] for name, value in attribute["M"].items()})
