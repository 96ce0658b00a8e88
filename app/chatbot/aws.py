"""AWS clients with limits of their own: no call may wait longer than the one who asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

import boto3
from botocore.config import Config

from chatbot.settings import Settings

Service = Literal["bedrock-runtime", "dynamodb", "secretsmanager", "sqs", "ssm"]


class LazyClient:
    """A client made on first use. Making one reads megabytes of service models, so a start does not wait for it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def get(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client


def lazy_client(
    service: Service,
    settings: Settings,
    *,
    connect_seconds: float,
    read_seconds: float,
    attempts: int,
    connections: int = 10,
) -> LazyClient:
    """Region, credentials and endpoint come from where boto3 always looks for them."""
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
    )
    # A session of its own: the default session must not be shared between threads.
    return LazyClient(lambda: boto3.session.Session(region_name=settings.aws_region).client(service, config=config))
