# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which targets get traffic."""

from __future__ import annotations

import re
import time
import typing as t

from ..target_health import Target, TargetHealth
from . import targets
from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Reply


def targets_prove_themselves(_place: Place) -> None:
    """A target gets traffic, and its task counts as up, once it answered its health check.

    AWS: load balancers probe their targets, send requests to healthy ones only, and ECS counts a task of a service
    with a load balancer as healthy when its target is. A target that is not healthy says why: the codes it answered
    with, a timeout, or nobody there.
    MiniStack: every target is healthy from the start, so a container that never listens gets its share of requests.
    """
    alb, ecs = service("alb"), service("ecs")
    actions, forward = original(alb, "_ACTION_MAP"), original(alb, "_proxy_http_target")
    describe = actions["DescribeTargetHealth"]
    task_is_up = original(ecs, "_record_service_task_healthy")

    health = targets.health(alb)

    async def proxy_http_target(target: dict[str, t.Any], group: dict[str, t.Any], *rest: t.Any) -> t.Any:
        if not group.get("HealthCheckEnabled", True):
            return await forward(target, group, *rest)
        chosen = health.choose(targets.of_group(group, alb._targets.get(group["TargetGroupArn"], [])))
        if chosen is None:
            return 503, {"Content-Type": "text/plain"}, b"503 Service Temporarily Unavailable: no healthy target yet\n"
        return await forward({**target, "Id": chosen.address, "Port": chosen.port}, group, *rest)

    def describe_target_health(parameters: t.Any) -> Reply:
        status, headers, body = describe(parameters)
        arn = alb._p(parameters, "TargetGroupArn")

        def tell(member: re.Match[str]) -> str:
            target = Target(arn, member["address"], int(member["port"]))
            state, why = health.state(target), health.why(target)
            told = f"<State>{state}</State>"
            if state != "healthy":
                told += f"<Reason>{why.reason}</Reason><Description>{why.description}</Description>"
            return member[0].replace("<State>healthy</State>", told)

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
            target.group for target in targets.registered(alb)
            if target.address == ecs._task_ip(task) and health.state(target) == "healthy"
        }:  # fmt: skip
            time.sleep(TargetHealth.SOON)
        task_is_up(service_key, task)

    replace(alb, "_proxy_http_target", proxy_http_target)
    replace(alb, "_ACTION_MAP", {**actions, "DescribeTargetHealth": describe_target_health})
    replace(ecs, "_record_service_task_healthy", record_service_task_healthy)
