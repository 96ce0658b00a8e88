# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""The CodeDeploy calls a release makes, one function each."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call

Answer = dict[str, t.Any]

APPLICATIONS_PER_CALL = 100
GROUPS_PER_CALL = 100
DEPLOYMENTS_PER_CALL = 25
LONGEST_DESCRIPTION = 100


@aws_call("list the CodeDeploy applications")
def list_applications(codedeploy: t.Any) -> list[str]:
    pages = codedeploy.get_paginator("list_applications").paginate()
    return [name for page in pages for name in page.get("applications", [])]


@aws_call("describe the CodeDeploy applications")
def batch_get_applications(codedeploy: t.Any, names: t.Sequence[str]) -> list[Answer]:
    found: list[Answer] = []
    for asked in _batches(names, APPLICATIONS_PER_CALL):
        found += codedeploy.batch_get_applications(applicationNames=asked).get("applicationsInfo", [])
    return found


@aws_call("list the CodeDeploy deployment groups")
def list_deployment_groups(codedeploy: t.Any, application: str) -> list[str]:
    pages = codedeploy.get_paginator("list_deployment_groups").paginate(applicationName=application)
    return [name for page in pages for name in page.get("deploymentGroups", [])]


@aws_call("describe the CodeDeploy deployment groups")
def batch_get_deployment_groups(codedeploy: t.Any, application: str, names: t.Sequence[str]) -> list[Answer]:
    """Return the deployment groups that exist. Missing ones are only told in a sentence of a good answer."""
    found: list[Answer] = []
    for asked in _batches(names, GROUPS_PER_CALL):
        answer = codedeploy.batch_get_deployment_groups(applicationName=application, deploymentGroupNames=asked)
        found += answer.get("deploymentGroupsInfo", [])
    return found


@aws_call("list the CodeDeploy deployments under way")
def list_deployments(codedeploy: t.Any, application: str, group: str, statuses: t.Collection[str]) -> list[str]:
    pages = codedeploy.get_paginator("list_deployments").paginate(
        applicationName=application, deploymentGroupName=group, includeOnlyStatuses=sorted(statuses)
    )
    return [identifier for page in pages for identifier in page.get("deployments", [])]


@aws_call("describe the CodeDeploy deployments")
def batch_get_deployments(codedeploy: t.Any, identifiers: t.Sequence[str]) -> list[Answer]:
    found: list[Answer] = []
    for asked in _batches(identifiers, DEPLOYMENTS_PER_CALL):
        found += codedeploy.batch_get_deployments(deploymentIds=asked).get("deploymentsInfo", [])
    return found


@aws_call("describe the target of the CodeDeploy deployment")
def deployment_target(codedeploy: t.Any, identifier: str, cluster: str, service: str) -> Answer:
    """Return what a deployment does with a service. CodeDeploy names a service by its cluster and itself."""
    answer = codedeploy.batch_get_deployment_targets(deploymentId=identifier, targetIds=[f"{cluster}:{service}"])
    targets = answer.get("deploymentTargets", [])
    return t.cast("Answer", targets[0].get("ecsTarget") or {}) if targets else {}


@aws_call("start the CodeDeploy deployment")
def create_deployment(
    codedeploy: t.Any, application: str, group: str, *, content: str, description: str, config: str | None = None
) -> str:
    digest = hashlib.sha256(content.encode()).hexdigest()
    answer = codedeploy.create_deployment(
        applicationName=application,
        deploymentGroupName=group,
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}},
        description=description[:LONGEST_DESCRIPTION],
        **({"deploymentConfigName": config} if config else {}),
    )
    return str(answer["deploymentId"])


@aws_call("continue the CodeDeploy deployment")
def reroute_traffic(codedeploy: t.Any, identifier: str) -> None:
    codedeploy.continue_deployment(deploymentId=identifier, deploymentWaitType="READY_WAIT")


@aws_call("stop the CodeDeploy deployment")
def stop_deployment(codedeploy: t.Any, identifier: str) -> None:
    """Stop it, and have CodeDeploy deploy back what ran before."""
    codedeploy.stop_deployment(deploymentId=identifier, autoRollbackEnabled=True)


def _batches(names: t.Sequence[str], size: int) -> list[list[str]]:
    unique = list(dict.fromkeys(names))
    return [unique[start : start + size] for start in range(0, len(unique), size)]


__all__ = (
    "Answer", "batch_get_applications", "batch_get_deployment_groups", "batch_get_deployments", "create_deployment",
    "deployment_target", "list_applications", "list_deployment_groups", "list_deployments", "reroute_traffic",
    "stop_deployment",
)  # fmt: skip
