"""Logs as one JSON object per line, each with the id of the request it belongs to."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from chatbot.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Whatever is passed as ``extra`` becomes a field of its own."""

    def __init__(self, release_id: str | None) -> None:
        super().__init__()
        self._release_id = release_id

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "release_id": self._release_id,
        }
        for name, value in vars(record).items():
            if name not in _STANDARD_FIELDS:
                entry[name] = value
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def configure(settings: Settings) -> None:
    """Send every logger of the process, uvicorn's and botocore's included, through the one formatter."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(settings.release_id))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "asyncio", "mangum"):
        # At DEBUG these tell about bodies and headers, and a question is nobody's business but the asker's.
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
