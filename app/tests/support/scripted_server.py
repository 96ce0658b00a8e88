"""A real HTTP server that answers as a test tells it to: for what no emulator can be made to say."""

from __future__ import annotations

import itertools
import json
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.ports import free_port

Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ScriptedServer:
    """Plays one script per request; the last one goes on for ever."""

    def __init__(self, *scripts: Script) -> None:
        self.received: list[Received] = []
        self.client_left = threading.Event()
        self._scripts = list(scripts)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"{}")
                headers = {name.lower(): value for name, value in self.headers.items()}
                with outer._lock:
                    outer.received.append(Received(self.path, headers, body))
                    script = outer._scripts.pop(0) if len(outer._scripts) > 1 else outer._scripts[0]
                try:
                    script(self)
                except (BrokenPipeError, ConnectionResetError):
                    outer.client_left.set()

            def log_message(self, *_arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: Any) -> None:
                """A client that closes a connection is no news."""

        self._server = Server(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def respond(status: int, document: Any, **headers: str) -> Script:
    def script(handler: BaseHTTPRequestHandler) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return script


def after(seconds: float, script: Script) -> Script:
    def later(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        script(handler)

    return later


def stream(media_type: str, chunks: Sequence[bytes], *, pause: float = 0.0, for_ever: bool = False) -> Script:
    """The chunks one by one, then the end; or the last chunk again and again. An empty chunk cuts the connection."""

    def script(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        endless = itertools.repeat(chunks[-1]) if for_ever else ()
        for chunk in itertools.chain(chunks, endless):
            if not chunk:
                handler.close_connection = True
                return
            handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            handler.wfile.flush()
            time.sleep(pause)
        handler.wfile.write(b"0\r\n\r\n")

    return script


# What an OpenAI-compatible endpoint says


def completion(text: object) -> Script:
    return respond(200, {"choices": [{"message": {"role": "assistant", "content": text}}]})


def completion_piece(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"


def completion_stream(*pieces: str, done: bool = True, pause: float = 0.0, for_ever: bool = False) -> Script:
    chunks = [completion_piece(piece) for piece in pieces] + ([b"data: [DONE]\n\n"] if done else [])
    return stream("text/event-stream", chunks, pause=pause, for_ever=for_ever)


# What Bedrock says


def bedrock_error(status: int, code: str, message: str, **headers: str) -> Script:
    return respond(status, {"message": message}, x_amzn_ErrorType=code, **headers)


def bedrock_answer(*texts: str, stop_reason: str = "end_turn") -> Script:
    content = [{"text": text} for text in texts]
    return respond(
        200,
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason,
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
            "metrics": {"latencyMs": 1},
        },
    )


def frame(kind: str, payload: dict[str, Any], *, message_type: str = "event") -> bytes:
    """One message of AWS's event stream encoding."""
    fields = {":message-type": message_type, f":{message_type}-type": kind, ":content-type": "application/json"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + len(value).to_bytes(2, "big") + value.encode()
        for name, value in fields.items()
    )
    body = json.dumps(payload).encode()
    prelude = (16 + len(headers) + len(body)).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    message = prelude + zlib.crc32(prelude).to_bytes(4, "big") + headers + body
    return message + zlib.crc32(message).to_bytes(4, "big")


def bedrock_piece(text: str) -> bytes:
    return frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})


BEDROCK_END = frame("messageStop", {"stopReason": "end_turn"})


def bedrock_stream(*frames: bytes, pause: float = 0.0, for_ever: bool = False) -> Script:
    return stream("application/vnd.amazon.eventstream", frames, pause=pause, for_ever=for_ever)
