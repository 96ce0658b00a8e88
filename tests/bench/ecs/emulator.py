# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator that all tools talk to: a moto server whose services move, with a journal of its API calls.

C(python -m ecs.emulator <file>) listens on a free port of 127.0.0.1 and writes it into the file. Besides the AWS API it
answers C(POST /_bench/reset), which makes the start state anew, and C(GET /_bench/report): what was called, and when
each service was updated and really done, by its own clock.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import time
import typing as t
from pathlib import Path
from urllib.parse import parse_qs

from moto.ecs.models import ecs_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from ecs import moving_ecs
from ecs.shop import CLUSTER, CONTAINER, DESIRED, REGION, Release, definition, service_names

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    Environment = dict[str, t.Any]
    StartResponse = t.Callable[[str, list[tuple[str, str]]], t.Any]

ACCOUNT = "123456789012"
OPERATION = re.compile(r"/operation/(\w+)")
BODY_LIMIT = 64 * 1024
# Services differ: the slowest takes this much longer than the quickest.
SPREAD = 0.2


class Emulator:
    """A WSGI application around moto."""

    def __init__(self) -> None:
        moving_ecs.install()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._calls: list[tuple[float, str]] = []
        self._lock = threading.Lock()
        self._moto_alone = threading.Lock()
        self._latency = 0.0

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/_bench/reset":
            orders = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            return self._answer(start_response, self._reset(**orders))
        if path == "/_bench/report":
            return self._answer(start_response, self._report())
        call = (time.time(), _operation(environ))
        with self._lock:
            self._calls.append(call)
        # Others are answered meanwhile, as they are by AWS.
        time.sleep(self._latency)
        # moto is not made for threads: it changes its response classes while it answers.
        with self._moto_alone:
            answer: list[bytes] = list(self._moto(environ, start_response))
        return answer

    @staticmethod
    def _answer(start_response: StartResponse, content: t.Any) -> list[bytes]:
        body = json.dumps(content).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _reset(self, services: int, seconds: float, latency: float) -> dict[str, t.Any]:
        """Forget everything, and make services that run the first release; what is begun later takes its time."""
        ecs_backends.reset()
        names = service_names(services)
        world = moving_ecs.MovingBackend.world
        backend: t.Any = ecs_backends[ACCOUNT][REGION]
        world.tempo = lambda _service: moving_ecs.Tempo.lasting(0)
        backend.create_cluster(CLUSTER)
        for name in names:
            words = definition(name, Release(0))
            backend.register_task_definition(
                words["family"],
                words["containerDefinitions"],
                network_mode=words["networkMode"],
                requires_compatibilities=words["requiresCompatibilities"],
                cpu=words["cpu"],
                memory=words["memory"],
            )
            backend.create_service(CLUSTER, name, DESIRED, name, launch_type="EC2")
        longer = {name: 1 + SPREAD * number / max(services - 1, 1) for number, name in enumerate(names)}
        world.tempo = lambda service: moving_ecs.Tempo.lasting(seconds * longer[service])
        self._latency = latency
        with self._lock:
            self._calls.clear()
        return {}

    def _report(self) -> dict[str, t.Any]:
        backend: t.Any = ecs_backends[ACCOUNT][REGION]
        with self._lock:
            calls = list(self._calls)
        return {"calls": calls, "services": {item.name: _state(backend, item) for item in backend.services.values()}}


def _state(backend: t.Any, service: moving_ecs.MovingService) -> dict[str, t.Any]:
    current = service.timeline.current
    running = backend.describe_task_definition(current.task_definition)
    return {
        "began": current.began,
        "done": current.done_at,
        "complete": [item.primary and item.complete for item in service.seen()] == [True],
        "revision": running.revision,
        "image": next(item["image"] for item in running.container_definitions if item["name"] == CONTAINER),
    }


def _operation(environ: Environment) -> str:
    """Return what is asked for, in whichever protocol the tool speaks."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    if found := OPERATION.search(environ["PATH_INFO"]):
        return found[1]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if 0 < length <= BODY_LIMIT:
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        if action := parse_qs(str(body, "latin-1")).get("Action"):
            return str(action[0])
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def main(port_file: Path) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Emulator(), threaded=True)
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(server.server_port), encoding="utf-8")
    draft.replace(port_file)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
