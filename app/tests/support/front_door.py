"""What a content delivery network does in front of the chatbot: pages from a folder, `/api/*` from the server."""

from __future__ import annotations

import http.client
import mimetypes
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.ports import free_port

_PASSED_BACK = ("content-type", "retry-after", "x-release-id", "x-request-id", "cache-control")


class FrontDoor:
    """The server behind it can be changed, or taken away, while it runs."""

    def __init__(self, site: Path, backend: str) -> None:
        self.backend: str | None = backend
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path.startswith("/api/"):
                    self._pass_on(None)
                    return
                _send_file(self, site / (path.lstrip("/") or "index.html"))

            def do_POST(self) -> None:
                self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _pass_on(self, body: bytes | None) -> None:
                if outer.backend is None:
                    self.send_error(502)
                else:
                    _pass_on(self, outer.backend, body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: Any) -> None:
                """A browser that closes a connection is no news."""

        self._server = Server(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _send_file(handler: BaseHTTPRequestHandler, file: Path) -> None:
    if not file.is_file():
        handler.send_error(404)
        return
    body = file.read_bytes()
    handler.send_response(200)
    handler.send_header("Content-Type", mimetypes.guess_type(file.name)[0] or "application/octet-stream")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _pass_on(handler: BaseHTTPRequestHandler, backend: str, body: bytes | None) -> None:
    connection = http.client.HTTPConnection(urlsplit(backend).netloc, timeout=60)
    headers = {name: value for name, value in handler.headers.items() if name in ("Content-Type", "Accept")}
    try:
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        handler.send_response(answer.status)
        for name in _PASSED_BACK:
            if value := answer.headers.get(name):
                handler.send_header(name, value)
        handler.end_headers()
        while piece := answer.read1(65536):
            handler.wfile.write(piece)
            handler.wfile.flush()
    except (ConnectionError, http.client.HTTPException):
        handler.close_connection = True
    finally:
        connection.close()
