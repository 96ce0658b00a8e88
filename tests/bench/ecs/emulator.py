# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator that all tools talk to: the scenario cloud, with a start state of the bench and a report for it.

C(python -m ecs.emulator <file>) listens on a free port of 127.0.0.1 and writes it into the file. Besides the AWS API it
answers C(POST /_bench/reset), which makes the start state anew, and C(GET /_bench/report): what was called, and when
each service was updated and really done, by its own clock.
"""

from __future__ import annotations

import json
import logging
import sys
import typing as t
from pathlib import Path

SCENARIO_CLOUD = Path(__file__).resolve().parents[3] / "roles" / "scenario_cloud" / "files"
sys.path[:0] = [str(SCENARIO_CLOUD)]

from moto.ecs.models import ecs_backends
from slipway_scenarios.cloud import Application
from slipway_scenarios.existing import ACCOUNT
from werkzeug.serving import make_server

from ecs.shop import CLUSTER, CONTAINER, DESIRED, REGION, Release, definition, service_names

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    Environment = dict[str, t.Any]
    StartResponse = t.Callable[[str, list[tuple[str, str]]], t.Any]

# Services differ: the slowest takes this much longer than the quickest.
SPREAD = 0.2


class Emulator(Application):
    """The scenario cloud, asked about the bench as well."""

    def __init__(self) -> None:
        super().__init__(region=REGION)
        self.install()

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/_bench/reset":
            orders = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            return _answer(start_response, self._start_anew(**orders))
        if path == "/_bench/report":
            return _answer(start_response, self._report())
        return super().__call__(environ, start_response)

    def _start_anew(self, services: int, seconds: float, latency: float) -> dict[str, t.Any]:
        """Forget everything, and make services that run the first release; what is begun later takes its time."""
        self.play({})
        self.reset()
        names = service_names(services)
        backend: t.Any = ecs_backends[ACCOUNT][REGION]
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
        self.play({
            "services": {name: {"behaviour": "rolling", "seconds": seconds * longer[name]} for name in names},
            "faults": [{"fault": "slow", "seconds": latency}] if latency else [],
        })  # fmt: skip
        return {}

    def _report(self) -> dict[str, t.Any]:
        calls = [(call.at, call.operation) for call in self.record.calls()]
        return {"calls": calls, "services": {item["service"]: _state(item) for item in self.services()}}


def _state(truth: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    backend: t.Any = ecs_backends[ACCOUNT][REGION]
    running = backend.describe_task_definition(truth["task_definition"])
    return {
        "began": truth["began"],
        "done": truth["done"],
        "complete": truth["complete"],
        "revision": running.revision,
        "image": next(item["image"] for item in running.container_definitions if item["name"] == CONTAINER),
    }


def _answer(start_response: StartResponse, content: t.Any) -> list[bytes]:
    body = json.dumps(content).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def main(port_file: Path) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Emulator(), threaded=True)
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(server.server_port), encoding="utf-8")
    draft.replace(port_file)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
