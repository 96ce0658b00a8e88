# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that are there from the beginning, for plays and tests that have no infrastructure of their own."""

from __future__ import annotations

import typing as t

from moto.ecs.models import ecs_backends

if t.TYPE_CHECKING:
    from .script import Existing, Script
    from .services import ScenarioBackend

ACCOUNT = "123456789012"


def make(script: Script, region: str) -> None:
    """Make the clusters and services of a script that are not there yet."""
    backend: t.Any = ecs_backends[ACCOUNT][region]
    for cluster, name, existing in script.existing:
        if cluster not in backend.clusters:
            backend.create_cluster(cluster)
        if f"{cluster}:{name}" not in backend.services:
            _make(backend, cluster, name, existing, region)


def _make(backend: ScenarioBackend, cluster: str, name: str, existing: Existing, region: str) -> None:
    log = {
        "awslogs-group": existing.log_group,
        "awslogs-region": region,
        "awslogs-stream-prefix": name,
    }
    container = {
        "name": existing.container,
        "image": existing.image,
        "cpu": 128,
        "memory": 256,
        "essential": True,
        "portMappings": [{"containerPort": 8000, "hostPort": 0, "protocol": "tcp"}],
        "logConfiguration": {"logDriver": "awslogs", "options": log},
    }
    backend.register_task_definition(
        name, [container], network_mode="bridge", requires_compatibilities=["EC2"], cpu="128", memory="256"
    )
    made: t.Any = backend.create_service(cluster, name, existing.desired, name, launch_type="EC2")
    breaker = {"enable": existing.breaker != "off", "rollback": existing.breaker == "rollback"}
    made.deployment_configuration = {"deploymentCircuitBreaker": breaker, "strategy": existing.strategy}
