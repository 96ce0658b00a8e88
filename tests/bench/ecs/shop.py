# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shipped: a shop of many services, each with one container, and its releases."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

REGION = "ap-northeast-1"
CLUSTER = "shop"
CONTAINER = "app"
DESIRED = 2


@dataclasses.dataclass(frozen=True)
class Release:
    """A release by its number; the number decides the image."""

    number: int

    @property
    def name(self) -> str:
        return f"release-{self.number}"

    @property
    def image(self) -> str:
        digest = hashlib.sha256(self.name.encode()).hexdigest()
        return f"{REGION}.registry.example/shop@sha256:{digest}"


def service_names(count: int) -> list[str]:
    return [f"shop-{number:03}" for number in range(count)]


def definition(service: str, release: Release) -> dict[str, t.Any]:
    """Return a task definition as RegisterTaskDefinition takes it."""
    container = {
        "name": CONTAINER,
        "image": release.image,
        "cpu": 128,
        "memory": 256,
        "essential": True,
        "environment": [{"name": "SERVICE", "value": service}],
        "portMappings": [{"containerPort": 8000, "hostPort": 0, "protocol": "tcp"}],
    }
    return {
        "family": service,
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "cpu": "128",
        "memory": "256",
        "containerDefinitions": [container],
    }
