# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the emulator and AWS differ, and a scenario of ours would notice: each correction is one function.

They are written for one version of MiniStack. A correction looks for exactly what it replaces and stops the start when
that is gone: then the emulator has changed, and the correction must be looked at. docs/local-cloud.md lists them.
"""

from __future__ import annotations

import importlib
import json
import re
import time
import typing as t

from .errors import LocalCloudError
from .target_health import Check, Target, TargetHealth

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

Reply = tuple[int, dict[str, str], bytes]


class Place(t.NamedTuple):
    """What corrections need to know of the cloud they are made in."""

    port: int
    region: str
    access_key: str
    secret_key: str


def registry_that_answers(place: Place) -> None:
    """ECR names the registry that really answers.

    AWS: ``repositoryUri`` and ``proxyEndpoint`` are where one pushes and pulls.
    MiniStack: they are names under amazonaws.com, where a push would leave the machine.
    """
    ecr = _service("ecr")
    registry = f"127.0.0.1:{place.port}"
    token = _original(ecr, "_get_authorization_token")

    def repository_uri(name: str) -> str:
        return f"{registry}/{name}"

    def authorization_token(data: dict[str, t.Any]) -> Reply:
        status, headers, body = token(data)
        content = json.loads(body)
        for entry in content["authorizationData"]:
            entry["proxyEndpoint"] = f"http://{registry}"
        return status, headers, json.dumps(content).encode()

    _replace(ecr, "_repo_uri", repository_uri)
    _replace(ecr, "_get_authorization_token", authorization_token)


def task_role_credentials(place: Place) -> None:
    """A task with a task role finds credentials and its region.

    AWS: a task gets its region, and the credentials of its task role from a link-local address; a task without a
    task role gets none.
    MiniStack: every task is pointed to an endpoint whose host name the SDKs refuse, so no task has credentials.
    """
    ecs = _service("ecs")
    register = _original(ecs, "_register_metadata")

    def register_metadata(
        task: str, cluster: str, definition: dict[str, t.Any], container: dict[str, t.Any], launch_type: str,
        environment: dict[str, str], *rest: t.Any,
    ) -> t.Any:  # fmt: skip
        token = register(task, cluster, definition, container, launch_type, environment, *rest)
        environment.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI", None)
        environment.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN", None)
        environment.setdefault("AWS_REGION", place.region)
        environment.setdefault("AWS_DEFAULT_REGION", place.region)
        if definition.get("taskRoleArn") and "AWS_ACCESS_KEY_ID" not in environment:
            environment["AWS_ACCESS_KEY_ID"] = place.access_key
            environment["AWS_SECRET_ACCESS_KEY"] = place.secret_key
        return token

    _replace(ecs, "_register_metadata", register_metadata)


def first_deployment_in_progress(_place: Place) -> None:
    """A new service's first deployment is in progress until its tasks run.

    AWS: it is IN_PROGRESS, and COMPLETED or FAILED by what its tasks do, like any other deployment.
    MiniStack: it is COMPLETED at once, with no task running, whatever happens next.
    """
    ecs = _service("ecs")
    make = _original(ecs, "_make_deployment")

    def make_deployment(*args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        deployment: dict[str, t.Any] = make(*args, **kwargs)
        deployment["rolloutState"] = "IN_PROGRESS"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
        return deployment

    _replace(ecs, "_make_deployment", make_deployment)


def started_by_deployment(_place: Place) -> None:
    """A service's task is started by its deployment.

    AWS: ``startedBy`` is the deployment's id, ``ecs-svc/...``, and ListTasks filters by it.
    MiniStack: it is the service's name.
    """
    ecs = _service("ecs")
    run = _original(ecs, "_run_task")

    def run_task(data: dict[str, t.Any]) -> Reply:
        deployment = data.get("_deploymentId")
        reply: Reply = run({**data, "startedBy": deployment} if deployment else data)
        return reply

    _replace(ecs, "_run_task", run_task)


def health_path_reaches_targets(_place: Place) -> None:
    """``/health`` on a load balancer or a distribution reaches the application.

    AWS: no path of a load balancer is special.
    MiniStack: it answers ``GET /health`` itself, on every host; its own ``/_ministack/health`` stays.
    """
    app = importlib.import_module("ministack.app")
    paths = _original(app, "_HEALTH_PATHS")
    _replace(app, "_HEALTH_PATHS", tuple(path for path in paths if path.startswith("/_")))


def foreign_containers_stay(_place: Place) -> None:
    """Only containers of this very cloud are swept at start.

    AWS: has no such sweep.
    MiniStack: at start it also removes containers that carry its label without an owner, somebody else's perhaps.
    """
    reaper = importlib.import_module("ministack.core.container_reaper")
    sweep = _original(reaper, "reap_all")

    def reap_all(client: t.Any, stop_timeout: int = 2, include_unlabelled: bool = False) -> int:
        del include_unlabelled
        return int(sweep(client, stop_timeout=stop_timeout, include_unlabelled=False))

    _replace(reaper, "reap_all", reap_all)


def targets_prove_themselves(_place: Place) -> None:
    """A target gets traffic, and its task counts as up, once it answered its health check.

    AWS: load balancers probe their targets, send requests to healthy ones only, and ECS counts a task of a service
    with a load balancer as healthy when its target is.
    MiniStack: every target is healthy from the start, so a container that never listens gets its share of requests.
    """
    alb, ecs = _service("alb"), _service("ecs")
    actions, forward = _original(alb, "_ACTION_MAP"), _original(alb, "_proxy_http_target")
    describe = actions["DescribeTargetHealth"]
    task_is_up = _original(ecs, "_record_service_task_healthy")

    health = TargetHealth(lambda: _registered_targets(alb))

    async def proxy_http_target(target: dict[str, t.Any], group: dict[str, t.Any], *rest: t.Any) -> t.Any:
        if not group.get("HealthCheckEnabled", True):
            return await forward(target, group, *rest)
        chosen = health.choose(_targets_of(group, alb._targets.get(group["TargetGroupArn"], [])))
        if chosen is None:
            return 503, {"Content-Type": "text/plain"}, b"503 Service Temporarily Unavailable: no healthy target yet\n"
        return await forward({**target, "Id": chosen.address, "Port": chosen.port}, group, *rest)

    def describe_target_health(parameters: t.Any) -> Reply:
        status, headers, body = describe(parameters)
        arn = alb._p(parameters, "TargetGroupArn")

        def tell(member: re.Match[str]) -> str:
            state = health.state(Target(arn, member["address"], int(member["port"])))
            return member[0].replace(">healthy<", f">{state}<")

        told = re.sub(
            r"<Id>(?P<address>[^<]+)</Id><Port>(?P<port>\d+)</Port></Target>.*?</TargetHealth>", tell, body.decode()
        )
        return status, headers, told.encode()

    def record_service_task_healthy(service_key: str, task: dict[str, t.Any]) -> None:
        service = ecs._services.get(service_key) or {}
        groups = {one.get("targetGroupArn") for one in service.get("loadBalancers") or []} & {*alb._tgs}
        cluster, dummy, name = service_key.partition("/")
        ecs._refresh_service_state(cluster, f"service:{name}")  # which registers the task's address
        while task.get("lastStatus") == "RUNNING" and groups - {
            target.group for target in _registered_targets(alb)
            if target.address == ecs._task_ip(task) and health.state(target) == "healthy"
        }:  # fmt: skip
            time.sleep(TargetHealth.SOON)
        task_is_up(service_key, task)

    _replace(alb, "_proxy_http_target", proxy_http_target)
    _replace(alb, "_ACTION_MAP", {**actions, "DescribeTargetHealth": describe_target_health})
    _replace(ecs, "_record_service_task_healthy", record_service_task_healthy)
    health.start()


def _targets_of(group: Mapping[str, t.Any], registrations: Iterable[Mapping[str, t.Any]]) -> list[Target]:
    return [
        Target(group["TargetGroupArn"], str(one["Id"]), int(one.get("Port") or group.get("Port") or 80))
        for one in registrations
    ]


def _registered_targets(alb: ModuleType) -> dict[Target, Check]:
    """Return every target that can be probed, in all accounts and regions: the stores themselves show the asker's."""
    registrations = {arn: targets for (_account, arn), targets in [*alb._targets._data.items()]}
    return {
        target: Check.of(group)
        for group in [*alb._tgs._data.values()]
        if group.get("TargetType") in ("ip", "instance") and group.get("HealthCheckEnabled", True)
        for target in _targets_of(group, registrations.get(group["TargetGroupArn"], []))
    }


CORRECTIONS: tuple[Callable[[Place], None], ...] = (
    registry_that_answers,
    task_role_credentials,
    first_deployment_in_progress,
    started_by_deployment,
    health_path_reaches_targets,
    foreign_containers_stay,
    targets_prove_themselves,
)


def apply(place: Place) -> list[str]:
    """Apply every correction and return their names."""
    for correction in CORRECTIONS:
        correction(place)
    return [correction.__name__ for correction in CORRECTIONS]


def _service(name: str) -> ModuleType:
    return importlib.import_module(f"ministack.services.{name}")


def _original(module: ModuleType, name: str) -> t.Any:
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise LocalCloudError(
            f"This MiniStack has no {module.__name__}.{name}, which a correction of the local cloud replaces.",
            "Install the version that local_cloud_ministack_version names by default.",
        ) from error


def _replace(module: ModuleType, name: str, replacement: t.Any) -> None:
    _original(module, name)
    setattr(module, name, replacement)
