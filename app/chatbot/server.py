"""Serves the API until SIGTERM, then closes the listener and finishes what it has begun."""

from __future__ import annotations

import os
import socket
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from chatbot import json_logs
from chatbot.application import create_app
from chatbot.drain import Drain
from chatbot.settings import Settings, explain


class DrainingServer(uvicorn.Server):
    """uvicorn drains, and tells the application so only at the end; streams have to know at the beginning."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._drain.begin()
        await super().shutdown(sockets)


def make_server(app: FastAPI, settings: Settings) -> DrainingServer:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    return DrainingServer(config, app.state.drain)


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(f"The settings are not usable:\n{explain(error)}\n")
        return os.EX_CONFIG
    json_logs.configure(settings)
    make_server(create_app(settings), settings).run()
    return 0
