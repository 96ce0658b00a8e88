# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenario cloud: a moto server on loopback whose ECS plays a script, and that keeps a record of its calls.

Beside the AWS API it answers under C(/_slipway): C(GET health), C(GET script) and C(PUT script), C(GET calls) and
C(DELETE calls), C(GET services) (what is really true, whatever a fault says), and C(POST reset).
"""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import threading
import time
import typing as t

from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from . import existing, operations
from .calls import Call, Record, read_call
from .errors import ScenarioError
from .faults import Chance, Effects, Refusal
from .script import Script
from .services import ScenarioBackend, World

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Environment = dict[str, t.Any]
    StartResponse = t.Callable[[str, list[tuple[str, str]]], t.Any]

REGION = "us-east-1"
# Not anybody's: those of the examples in the AWS documentation, and no secret.
ACCESS_KEY, SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "no-secret-of-the-scenario-cloud"
OURS = "/_slipway/"
WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}

_alone = threading.Lock()


class Application:
    """The WSGI application around moto."""

    def __init__(self, document: t.Any = None, *, region: str = REGION, clock: Callable[[], float] = time.time) -> None:
        self.world = World(clock=clock)
        self.record = Record()
        self.region = region
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._moto_alone = threading.Lock()
        self._chance = Chance((), 1)
        self._document: t.Any = {}
        self._controls: dict[tuple[str, str], Callable[[t.Any], t.Any]] = {
            ("GET", "health"): lambda _body: {"pid": os.getpid(), "region": self.region},
            ("GET", "script"): lambda _body: self._document,
            ("PUT", "script"): self.play,
            ("GET", "calls"): lambda _body: [call.as_json() for call in self.record.calls()],
            ("DELETE", "calls"): lambda _body: self.record.forget(),
            ("GET", "services"): lambda _body: self.services(),
            ("POST", "reset"): lambda _body: self.reset(),
        }
        self._first = document

    def install(self) -> None:
        """Take moto's ECS over, with nothing in it but what the script says is there."""
        ScenarioBackend.world = self.world
        operations.install()
        ecs_backends.backend = ScenarioBackend
        self.reset()
        self.play(self._first)

    def uninstall(self) -> None:
        self.reset()
        ecs_backends.reset()
        ecs_backends.backend = EC2ContainerServiceBackend
        operations.uninstall()

    def play(self, document: t.Any) -> t.Any:
        """Take another script from now on. What is under way goes on as it began."""
        script = Script.parse(document)
        with self._moto_alone:
            self.world.script, self._document = script, document or {}
            self._chance = Chance(script.faults, script.seed)
            existing.make(script, self.region)
        return self._document

    def reset(self) -> None:
        """Forget everything: services, calls, and how often a fault has struck."""
        with self._moto_alone:
            moto_api_backend.reset()
            ecs_backends.reset()
            script = self.world.script
            self._chance = Chance(script.faults, script.seed)
            existing.make(script, self.region)
        self.record.forget()

    def services(self) -> list[dict[str, t.Any]]:
        """Return what is true of each service, by the clock of the cloud."""
        with self._moto_alone:
            return [
                _truth(service)
                for regions in ecs_backends.values()
                for backend in regions.values()
                if isinstance(backend, ScenarioBackend)
                for service in backend.moving_services()
            ]

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(OURS):
            return self._control(environ, start_response)
        call = read_call(environ, self.world.clock())
        with self._moto_alone:
            effects = self._chance.next(call.operation)
        call.faults = effects.names
        self.record.add(call)
        # Others are answered meanwhile, as they are by AWS.
        time.sleep(effects.slower)
        if effects.reset:
            raise _hang_up(environ)
        if effects.refusal:
            call.status = effects.refusal.status
            return _refuse(environ, start_response, effects.refusal)
        answer = self._ask_moto(environ, start_response, call, effects)
        if effects.lost:
            raise _hang_up(environ)
        return answer

    def _ask_moto(
        self, environ: Environment, start_response: StartResponse, call: Call, effects: Effects
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: t.Any) -> t.Any:
            call.status = int(status.split()[0])
            return None if effects.lost else start_response(status, headers, *rest)

        # moto is not made for threads: it changes its response classes while it answers.
        with self._moto_alone:
            self.world.stale = effects.stale
            answer: list[bytes] = list(self._moto(environ, start))
        return answer

    def _control(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        method, name = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(OURS)
        control = self._controls.get((method, name))
        if control is None:
            there = ", ".join(f"{verb} {OURS}{path}" for verb, path in self._controls)
            return _say(start_response, 404, {"msg": f"There is no {method} {OURS}{name}. There are {there}."})
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            return _say(start_response, 200, control(_document(body)))
        except ScenarioError as error:
            return _say(start_response, 400, {"msg": str(error)})


def _document(body: bytes) -> t.Any:
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except ValueError:
        pass
    import yaml

    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise ScenarioError(f"The script is neither JSON nor YAML: {error}.") from None


def _say(start_response: StartResponse, status: int, content: t.Any, kind: str = "application/json") -> list[bytes]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    start_response(
        f"{status} {WORDS.get(status, 'Error')}", [("Content-Type", kind), ("Content-Length", str(len(body)))]
    )
    return [body]


def _refuse(environ: Environment, start_response: StartResponse, refusal: Refusal) -> list[bytes]:
    """Answer an error in the protocol of the question: XML where that is spoken, JSON elsewhere."""
    kind = str(environ.get("CONTENT_TYPE", ""))
    if "form-urlencoded" in kind:
        words = f"<Code>{refusal.code}</Code><Message>{refusal.message}</Message>"
        body = f"<ErrorResponse><Error><Type>Sender</Type>{words}</Error></ErrorResponse>".encode()
        return _say(start_response, refusal.status, body, "text/xml")
    return _say(
        start_response, refusal.status, {"__type": refusal.code, "message": refusal.message}, kind or "application/json"
    )


def _hang_up(environ: Environment) -> ConnectionResetError:
    """End the connection the way a broken network does: with a reset instead of an answer."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
    return ConnectionResetError("the script has this connection reset")


def _truth(service: t.Any) -> dict[str, t.Any]:
    now = service.world.clock()
    primary, latest = service.timeline.primary(now), service.timeline.latest
    return {
        "cluster": service.cluster_name,
        "service": service.name,
        "task_definition": primary.definition,
        "asked_for": latest.definition,
        "began": latest.moment,
        "done": _finite(primary.completes),
        "complete": service.timeline.completed(primary, now),
        "running": service.running_count,
        "gone": bool(service.timeline.gone(now)),
    }


def _finite(moment: float) -> float | None:
    return moment if moment < float("inf") else None


class ScenarioCloud:
    """A scenario cloud in this process, for tests: C(with ScenarioCloud(script) as cloud)."""

    def __init__(
        self, script: t.Any = None, *, region: str = REGION, clock: Callable[[], float] = time.time, port: int = 0
    ) -> None:
        self.application = Application(script, region=region, clock=clock)
        self.region = region
        self._port = port
        self._server: t.Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> ScenarioCloud:
        if not _alone.acquire(blocking=False):
            raise ScenarioError(
                "There is a scenario cloud in this process already.",
                "moto's services belong to the whole process; end the other one first, or start one with the role.",
            )
        try:
            self.application.install()
            logging.getLogger("werkzeug").setLevel(logging.ERROR)
            self._server = make_server("127.0.0.1", self._port, self.application, threaded=True)
        except BaseException:
            self.application.uninstall()
            _alone.release()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, name="scenario-cloud", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._thread:
            self._thread.join()
        self.application.uninstall()
        _alone.release()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def connection(self) -> dict[str, str]:
        """What boto3 and the modules of amazon.aws need to find it, but for the region's name."""
        return {"endpoint_url": self.endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}

    def client(self, service: str, **options: t.Any) -> t.Any:
        """Return a boto3 client."""
        import boto3

        connect: t.Any = boto3.client
        return connect(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            **options,
        )

    def play(self, script: Mapping[str, t.Any]) -> None:
        """Take another script from now on."""
        self.application.play(script)

    def calls(self, operation: str = "") -> list[Call]:
        """Return the calls so far, of one operation or of all."""
        return [call for call in self.application.record.calls() if operation in ("", call.operation)]

    def writes(self) -> list[str]:
        """Return the operations that were called and are no reads."""
        return [call.operation for call in self.calls() if call.writes]

    def forget_calls(self) -> None:
        self.application.record.forget()

    def services(self) -> dict[str, dict[str, t.Any]]:
        """Return what is true of each service now, by its name."""
        return {item["service"]: item for item in self.application.services()}
