# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""Where CodeDeploy has a service: its application and deployment group, named by somebody or looked for."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_codedeploy import (
    batch_get_applications,
    batch_get_deployment_groups,
    list_applications,
    list_deployment_groups,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.appspec import Hooks, hooks_of
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Target

KEYS = ("application", "deployment_group", "config", "hooks")


@dataclasses.dataclass(frozen=True)
class Place:
    """The deployment group of a service, and what a deployment there shall have beside the revision."""

    application: str
    group: str
    config: str | None = None
    # Nothing where the last deployment had some that cannot be read.
    hooks: Hooks | None = dataclasses.field(default_factory=list)


def check_codedeploy(name: str, options: t.Any) -> None:
    """Refuse what cannot be meant, before anything is asked of AWS."""
    if options is None:
        return
    if not isinstance(options, dict):
        raise SlipwayError(f"services.{name}.codedeploy must be a dictionary; its keys are {', '.join(KEYS)}.")
    if unknown := sorted(set(options) - set(KEYS)):
        raise SlipwayError(
            f"services.{name}.codedeploy has unknown keys: {', '.join(unknown)}.", hint=f"Known are {', '.join(KEYS)}."
        )
    if options.get("deployment_group") and not options.get("application"):
        raise SlipwayError(
            f"services.{name}.codedeploy names a deployment group without its application.",
            hint="Groups of different applications may have the same name; name the application as well.",
        )
    hooks = options.get("hooks")
    if hooks is not None and not (isinstance(hooks, list) and all(isinstance(hook, dict) for hook in hooks)):
        raise SlipwayError(
            f"services.{name}.codedeploy.hooks must be a list of lifecycle events and their functions.",
            hint="For instance [{BeforeAllowTraffic: check-the-new-tasks}].",
        )


def find_places(codedeploy: t.Any, targets: Sequence[Target]) -> dict[str, Place]:
    """Return where CodeDeploy has each of the services, with as few calls as it takes.

    Looking through an account costs a call for each of its applications and one more for the groups of each; who has
    many names them.
    """
    found: dict[str, Place] = {}
    named: dict[str, set[str]] = {}
    for target in targets:
        if target.codedeploy.get("application"):
            named.setdefault(target.codedeploy["application"], set()).add(target.codedeploy.get("deployment_group", ""))
    for application, groups in named.items():
        names = sorted(groups) if "" not in groups else list_deployment_groups(codedeploy, application)
        candidates = [target for target in targets if target.codedeploy.get("application") == application]
        found |= _matches(batch_get_deployment_groups(codedeploy, application, names), candidates)
    unnamed = [target for target in targets if not target.codedeploy.get("application")]
    searched = _groups_of_the_account(codedeploy) if unnamed else iter(())
    for groups_info in searched:
        found |= _matches(groups_info, unnamed)
        if all(target.name in found for target in unnamed):
            break
    for target in targets:
        if target.name not in found:
            raise _nowhere(target)
    return found


def _groups_of_the_account(codedeploy: t.Any) -> Iterator[list[dict[str, t.Any]]]:
    for application in batch_get_applications(codedeploy, list_applications(codedeploy)):
        if application.get("computePlatform") == "ECS":
            name = application["applicationName"]
            yield batch_get_deployment_groups(codedeploy, name, list_deployment_groups(codedeploy, name))


def _matches(groups: Sequence[Mapping[str, t.Any]], targets: Sequence[Target]) -> dict[str, Place]:
    """Return the places of those targets that one of the groups is for. A service is in one group at most."""
    found: dict[str, Place] = {}
    for group in groups:
        members = {(item.get("clusterName"), item.get("serviceName")) for item in group.get("ecsServices") or ()}
        for target in targets:
            wanted = target.codedeploy.get("deployment_group")
            if short_name(target) in members and wanted in (None, group["deploymentGroupName"]):
                found[target.name] = _place(target, group)
    return found


def _place(target: Target, group: Mapping[str, t.Any]) -> Place:
    asked = target.codedeploy.get("hooks")
    return Place(
        application=group["applicationName"],
        group=group["deploymentGroupName"],
        config=target.codedeploy.get("config"),
        # A test that guards the traffic must not get lost because an image changes.
        hooks=asked if asked is not None else hooks_of(group.get("targetRevision") or {}),
    )


def short_name(target: Target) -> tuple[str, str]:
    """Return cluster and service as CodeDeploy names them, also where somebody gave ARNs."""
    return target.cluster.rsplit("/", 1)[-1], target.service.rsplit("/", 1)[-1]


def _nowhere(target: Target) -> SlipwayError:
    cluster, service = short_name(target)
    wish = target.codedeploy
    where = "any of this account and region"
    if wish.get("application"):
        group = wish.get("deployment_group")
        where = f"group {group} of application {wish['application']}" if group else f"application {wish['application']}"
    return SlipwayError(
        f"Service {service} of cluster {cluster} is deployed by CodeDeploy, but no deployment group has it ({where}).",
        hint="Make a deployment group for it in the infrastructure, or correct the service's key codedeploy.",
    )


__all__ = ("Place", "check_codedeploy", "find_places", "short_name")
