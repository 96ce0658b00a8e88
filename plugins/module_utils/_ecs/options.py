# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The options and the result of C(ecs_deploy), for its module and its action plugin alike."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.codedeploy_place import check_codedeploy
from ansible_collections.slipway.aws.plugins.module_utils._ecs.endings import OPEN
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import GOOD, Release, ServiceResult, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.ship import Voyage, ship
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report

ARGUMENTS: dict[str, t.Any] = {
    "services": {"type": "dict", "required": True},
    "release_id": {"type": "str", "required": True},
    "git_sha": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 900},
    "rollback": {"type": "str", "choices": ["release", "service", "none"], "default": "service"},
    "max_parallel": {"type": "int"},
    "fail_fast": {"type": "bool", "default": True},
    "pin_images": {"type": "bool", "default": True},
    "preflight": {"type": "dict", "default": {}},
    "suspend_autoscaling": {"type": "bool", "default": False},
    "on_pause": {"type": "str", "choices": ["report", "continue", "roll_back"], "default": "report"},
}

SERVICE_ARGUMENTS = frozenset({
    "cluster", "service", "container", "image", "images", "revision", "task_definition", "template", "environment",
    "secrets", "command", "cpu", "memory", "override", "force_new_deployment", "after", "codedeploy",
})  # fmt: skip
REQUIRED = ("cluster", "service", "container")


def deploy(params: t.Mapping[str, t.Any], *, check_mode: bool, diff: bool, report: Report) -> dict[str, t.Any]:
    """Ship what the options ask for and return the task's result, or raise with it when a service did not get there."""
    if params["max_parallel"] is not None and params["max_parallel"] < 1:
        raise SlipwayError("max_parallel must be at least 1; leave it out to ship all that can be shipped at once.")
    targets = [_target(name, options) for name, options in params["services"].items()]
    voyage = Voyage(
        release=Release(id=params["release_id"], git_sha=params["git_sha"]),
        timeout=params["wait_timeout"],
        rollback=params["rollback"],
        max_parallel=params["max_parallel"],
        fail_fast=params["fail_fast"],
        on_pause=params["on_pause"],
        pin_images=params["pin_images"],
        suspend_autoscaling=params["suspend_autoscaling"],
        preflight=Policy.from_options(params["preflight"]),
        check_mode=check_mode,
    )
    results = ship(Clients(params), targets, voyage, report)
    answer = summary(results)
    if not diff:
        del answer["diff"]
    if answer["failed_services"]:
        raise SlipwayError(failure_sentence(results), details=answer)
    return answer


def _target(name: str, options: t.Any) -> Target:
    if not isinstance(options, dict):
        raise SlipwayError(f"services.{name} must be a dictionary, with at least {', '.join(REQUIRED)}.")
    missing = [key for key in REQUIRED if not options.get(key)]
    if missing:
        raise SlipwayError(f"services.{name} lacks {', '.join(missing)}.")
    unknown = sorted(set(options) - SERVICE_ARGUMENTS)
    if unknown:
        raise SlipwayError(
            f"services.{name} has unknown keys: {', '.join(unknown)}.",
            hint=f"Known are {', '.join(sorted(SERVICE_ARGUMENTS))}.",
        )
    check_codedeploy(name, options.get("codedeploy"))
    return Target.from_options(name, options)


def summary(results: t.Mapping[str, ServiceResult]) -> dict[str, t.Any]:
    bad = sorted(name for name, result in results.items() if result.outcome not in GOOD | OPEN)
    diffs = [
        {"before_header": name, "after_header": name, **result.diff} for name, result in results.items() if result.diff
    ]
    still = sorted(name for name, result in results.items() if result.autoscaling == "suspended")
    return {
        **({"warnings": [f"Autoscaling is still suspended: {', '.join(still)}. Run this again."]} if still else {}),
        "changed": any(result.changed for result in results.values()),
        "services": {name: result.as_result() for name, result in results.items()},
        "failed_services": bad,
        "paused_services": sorted(name for name, result in results.items() if result.outcome in OPEN),
        "preflight": [item.as_result() for result in results.values() for item in result.findings],
        "diff": diffs,
    }


def failure_sentence(results: t.Mapping[str, ServiceResult]) -> str:
    told = [
        f"{name} {result.outcome.replace('_', ' ')}: {result.cause}"
        for name, result in results.items()
        if result.outcome not in GOOD | OPEN
    ]
    return " ".join(told)


__all__ = ("ARGUMENTS", "deploy")
