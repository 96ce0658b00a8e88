# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One service as it is about to be shipped: what the infrastructure says of it, and what should run."""

from __future__ import annotations

import dataclasses
import re
import typing as t

Answer = t.Mapping[str, t.Any]

ARN = re.compile(r"arn:(?P<partition>[^:]+):(?P<service>[^:]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<resource>.+)")
DEFAULT_STOP_TIMEOUT = 30


@dataclasses.dataclass(frozen=True)
class Subject:
    """``service`` is DescribeServices' answer, ``definition`` what will run and ``running`` what runs now.

    ``timeout`` is how many seconds its wave has, and ``rollback`` says that a failure will be rolled back.
    ``rehearsed`` is check mode: what comes before this has not been done.
    """

    name: str
    service: Answer
    definition: Answer
    running: Answer | None
    timeout: float
    rollback: bool = False
    rehearsed: bool = False

    @property
    def containers(self) -> list[Answer]:
        return containers_of(self.definition)

    @property
    def home(self) -> re.Match[str] | None:
        return ARN.match(str(self.service.get("serviceArn") or self.service.get("clusterArn") or ""))

    @property
    def region(self) -> str | None:
        return (self.home["region"] or None) if self.home else None

    @property
    def account(self) -> str | None:
        return (self.home["account"] or None) if self.home else None

    @property
    def partition(self) -> str:
        return self.home["partition"] if self.home else "aws"

    @property
    def cluster(self) -> str:
        return str(self.service.get("clusterArn") or "")

    @property
    def capacity_providers(self) -> list[str]:
        return [str(item["capacityProvider"]) for item in self.service.get("capacityProviderStrategy") or []]

    @property
    def on_fargate(self) -> bool:
        if self.capacity_providers:
            return any(name.startswith("FARGATE") for name in self.capacity_providers)
        if self.service.get("launchType"):
            return bool(self.service["launchType"] == "FARGATE")
        return list(self.definition.get("requiresCompatibilities") or []) == ["FARGATE"]

    @property
    def network_mode(self) -> str:
        return str(self.definition.get("networkMode") or ("awsvpc" if self.on_fargate else "bridge"))

    @property
    def subnets(self) -> tuple[str, ...]:
        network = (self.service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        return tuple(sorted(network.get("subnets") or ()))

    @property
    def load_balancers(self) -> list[Answer]:
        # Where CodeDeploy deploys, they belong to the task sets.
        sets = self.service.get("taskSets") or []
        primary: Answer = next((item for item in sets if item.get("status") == "PRIMARY"), {})
        return list(self.service.get("loadBalancers") or primary.get("loadBalancers") or [])

    @property
    def target_groups(self) -> list[str]:
        """The target groups, those a blue/green deployment switches to among them."""
        found: list[str] = []
        for item in self.load_balancers:
            other = (item.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
            found += [arn for arn in (item.get("targetGroupArn"), other) if arn and arn not in found]
        return found

    @property
    def desired(self) -> int:
        return int(self.service.get("desiredCount") or 0)

    @property
    def running_count(self) -> int:
        return int(self.service.get("runningCount") or 0)

    @property
    def rollout(self) -> Answer:
        return self.service.get("deploymentConfiguration") or {}

    @property
    def strategy(self) -> str:
        """How a deployment goes; CodeDeploy starts everything beside what runs, whatever the percents say."""
        if (self.service.get("deploymentController") or {}).get("type") == "CODE_DEPLOY":
            return "CODE_DEPLOY"
        return str(self.rollout.get("strategy") or "ROLLING")

    @property
    def is_daemon(self) -> bool:
        return bool(self.service.get("schedulingStrategy") == "DAEMON")

    @property
    def percents(self) -> tuple[int, int]:
        """The least and the most percent of the desired count during a rollout, with ECS's own defaults."""
        least, most = self.rollout.get("minimumHealthyPercent"), self.rollout.get("maximumPercent")
        usual = (0, 100) if self.is_daemon else (100, 200)
        return (usual[0] if least is None else int(least), usual[1] if most is None else int(most))

    @property
    def roles(self) -> dict[str, str]:
        """The roles by what they are for; each an ARN or a bare name."""
        named = {"execution": self.definition.get("executionRoleArn"), "task": self.definition.get("taskRoleArn")}
        return {kind: str(role) for kind, role in named.items() if role}

    def role_arn(self, role: str) -> str:
        return role if role.startswith("arn:") else f"arn:{self.partition}:iam::{self.account}:role/{role}"


def containers_of(definition: Answer) -> list[Answer]:
    return list(definition.get("containerDefinitions") or [])


def ports_of(container: Answer) -> list[tuple[int, int]]:
    """Return the container's ports, each as the first and last of a range."""
    found: list[tuple[int, int]] = []
    for mapping in container.get("portMappings") or []:
        first, dummy, last = str(mapping.get("containerPortRange") or mapping.get("containerPort") or "").partition("-")
        if first.isdigit():
            found.append((int(first), int(last) if last.isdigit() else int(first)))
    return found


__all__ = ("ARN", "DEFAULT_STOP_TIMEOUT", "Answer", "Subject", "containers_of", "ports_of")
