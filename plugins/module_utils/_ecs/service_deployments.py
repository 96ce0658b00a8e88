# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What ECS remembers of a service's deployments and revisions, in one shape wherever it comes from."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_deployments import (
    Answer,
    describe_service,
    describe_service_deployments,
    describe_service_revisions,
    list_service_deployments,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

STATUSES = (
    "PENDING", "IN_PROGRESS", "SUCCESSFUL", "STOP_REQUESTED", "STOPPED",
    "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED",
)  # fmt: skip

DEPLOYMENT_ARGUMENTS: dict[str, t.Any] = {
    "cluster": {"type": "str"},
    "service": {"type": "str"},
    "deployments": {"type": "list", "elements": "str"},
    "statuses": {"type": "list", "elements": "str", "choices": list(STATUSES)},
    "created_after": {"type": "str"},
    "created_before": {"type": "str"},
    "max_results": {"type": "int", "default": 20},
}
REVISION_ARGUMENTS: dict[str, t.Any] = {
    "cluster": {"type": "str"},
    "service": {"type": "str"},
    "revisions": {"type": "list", "elements": "str"},
}

# How a server answers that does not know the API: AWS in some partitions, and emulators.
ABSENT = re.compile(
    r"UnsupportedFeatureException|UnknownOperation(?:Exception)?|InvalidAction|UnsupportedOperation(?:Exception)?"
    r"|NotImplemented(?:Error|Exception)?|404|500|501"
)

# What DescribeServices calls the states of a rollout. Whether a failed one was rolled back, it does not say.
ROLLOUTS = {"COMPLETED": "SUCCESSFUL", "IN_PROGRESS": "IN_PROGRESS", "FAILED": "FAILED"}

# Maps whose keys are people's own, and no names of the API.
FREE_MAPS = frozenset({"options", "tags"})

WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which deployments of a service to tell about."""

    statuses: tuple[str, ...] = ()
    after: datetime.datetime | None = None
    before: datetime.datetime | None = None
    limit: int = 20

    @property
    def filtered(self) -> bool:
        return bool(self.statuses or self.after or self.before)

    def fits(self, deployment: t.Mapping[str, t.Any]) -> bool:
        created = deployment.get("createdAt")
        if self.statuses and deployment.get("status") not in self.statuses:
            return False
        if not isinstance(created, datetime.datetime):
            return not (self.after or self.before)
        return not (self.after and created < self.after) and not (self.before and created > self.before)


def deployments(ecs: t.Any, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the deployments that the options ask for, the newest first, and where that was read."""
    asked = _arns(params, "deployments", ":service-deployment/")
    if asked is not None:
        found = describe_service_deployments(ecs, asked)
        return _deployments(found, "service_deployments", None, _missing(asked, found, "serviceDeploymentArn"))
    cluster, service = _service_of(params, "deployments")
    wanted = _wanted(params)
    reason: str | None
    try:
        listed = list_service_deployments(ecs, _list_request(cluster, service, wanted), wanted.limit)
        if listed or (wanted.filtered and list_service_deployments(ecs, {"cluster": cluster, "service": service}, 1)):
            found = describe_service_deployments(ecs, [item["serviceDeploymentArn"] for item in listed])
            return _deployments(found, "service_deployments", None, [])
        reason = "ECS lists no service deployment of this service."
    except AwsError as error:
        if not ABSENT.fullmatch(error.code):
            raise
        reason = f"This endpoint has no service deployments: {error.message}"
    entries = [_from_service(item) for item in _existing(ecs, cluster, service).get("deployments", [])]
    fitting = [item for item in entries if wanted.fits(item)]
    return _deployments(fitting[: wanted.limit], "service", reason, [])


def revisions(ecs: t.Any, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the revisions that the options ask for: by ARN, or those that run in a service now."""
    asked = _arns(params, "revisions", ":service-revision/")
    counts: dict[str, t.Any] = {}
    source, reason = "revisions", None
    if asked is None:
        cluster, service = _service_of(params, "revisions")
        current = _existing(ecs, cluster, service).get("currentServiceRevisions", [])
        counts = {item["arn"]: item for item in current if item.get("arn")}
        asked, source = list(counts), "service"
        if not asked:
            asked, source, reason = _newest_target(ecs, cluster, service)
    found = describe_service_revisions(ecs, asked)
    found.sort(key=_moment, reverse=True)
    return {
        "source": source,
        "source_reason": reason,
        "revisions": [_revision(item, counts.get(item.get("serviceRevisionArn", ""), {})) for item in found],
        "missing": _missing(asked, found, "serviceRevisionArn"),
    }


def _newest_target(ecs: t.Any, cluster: str, service: str) -> tuple[list[str], str, str]:
    """Return the revision that the newest deployment brings, for services that name none themselves."""
    told = "The service names no current revision"
    try:
        listed = list_service_deployments(ecs, {"cluster": cluster, "service": service}, 1)
    except AwsError as error:
        if not ABSENT.fullmatch(error.code):
            raise
        return [], "none", f"{told}, and this endpoint has no service deployments: {error.message}"
    targets = [item["targetServiceRevisionArn"] for item in listed if item.get("targetServiceRevisionArn")]
    if targets:
        return targets, "service_deployments", f"{told}; this is what its newest deployment brings."
    return [], "none", f"{told}, and ECS lists no service deployment of it."


def _arns(params: t.Mapping[str, t.Any], option: str, part: str) -> list[str] | None:
    asked = params.get(option)
    if asked is None:
        return None
    wrong = [arn for arn in asked if part not in arn]
    if wrong:
        raise SlipwayError(
            f"The option {option} takes ARNs with {part} in them, and this is none: {wrong[0]}.",
            hint="Or name cluster and service instead.",
        )
    return list(asked)


def _service_of(params: t.Mapping[str, t.Any], option: str) -> tuple[str, str]:
    if not (params.get("cluster") and params.get("service")):
        raise SlipwayError(f"Name the cluster and the service to look at, or the ARNs of {option}.")
    return params["cluster"], params["service"]


def _existing(ecs: t.Any, cluster: str, service: str) -> Answer:
    found = describe_service(ecs, cluster, service)
    if found is None:
        raise SlipwayError(
            f"There is no ECS service {service} in cluster {cluster}.",
            hint="Is the stack up, and are region and account the right ones?",
        )
    return found


def _wanted(params: t.Mapping[str, t.Any]) -> Wanted:
    if params["max_results"] < 1:
        raise SlipwayError(f"The option max_results must be at least 1, not {params['max_results']}.")
    return Wanted(
        statuses=tuple(params.get("statuses") or ()),
        after=_time(params, "created_after"),
        before=_time(params, "created_before"),
        limit=params["max_results"],
    )


def _time(params: t.Mapping[str, t.Any], option: str) -> datetime.datetime | None:
    text = params.get(option)
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise SlipwayError(
            f"The option {option} is not a date and time: {text!r}.", hint="Write it as 2026-01-31T12:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _list_request(cluster: str, service: str, wanted: Wanted) -> dict[str, t.Any]:
    between = {key: value for key, value in (("after", wanted.after), ("before", wanted.before)) if value}
    request = {"cluster": cluster, "service": service, "status": list(wanted.statuses), "createdAt": between}
    return {key: value for key, value in request.items() if value}


def _from_service(entry: t.Mapping[str, t.Any]) -> Answer:
    """Return a service's own entry about a deployment in the shape of a service deployment."""
    return {
        "id": entry.get("id"),
        "createdAt": entry.get("createdAt"),
        "updatedAt": entry.get("updatedAt"),
        "status": ROLLOUTS.get(str(entry.get("rolloutState")), entry.get("rolloutState")),
        "statusReason": entry.get("rolloutStateReason"),
        "taskDefinition": entry.get("taskDefinition"),
        "primary": entry.get("status") == "PRIMARY",
        "targetServiceRevision": {
            "requestedTaskCount": entry.get("desiredCount"),
            "runningTaskCount": entry.get("runningCount"),
            "pendingTaskCount": entry.get("pendingCount"),
        },
        "failedTasks": entry.get("failedTasks"),
    }


EVERY_DEPLOYMENT: Answer = {
    "serviceDeploymentArn": None, "id": None, "status": None, "statusReason": None, "lifecycleStage": None,
    "createdAt": None, "startedAt": None, "finishedAt": None, "stoppedAt": None, "updatedAt": None,
    "targetServiceRevision": None, "sourceServiceRevisions": [], "rollback": None, "deploymentCircuitBreaker": None,
    "alarms": None, "deploymentConfiguration": None, "lifecycleHookDetails": [], "taskDefinition": None,
}  # fmt: skip


def _deployments(
    found: t.Sequence[Answer], source: str, reason: str | None, missing: t.Sequence[str]
) -> dict[str, t.Any]:
    newest_first = sorted(found, key=_moment, reverse=True)
    return {
        "source": source,
        "source_reason": reason,
        "deployments": [in_snake_case({**EVERY_DEPLOYMENT, **item}) for item in newest_first],
        "missing": list(missing),
    }


def _revision(item: t.Mapping[str, t.Any], count: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    images = {
        str(image.get("containerName")): {"image": image.get("image"), "digest": image.get("imageDigest")}
        for image in item.get("containerImages", [])
    }
    counted = {key: count.get(key) for key in ("requestedTaskCount", "runningTaskCount", "pendingTaskCount")}
    return {**t.cast("dict[str, t.Any]", in_snake_case({**item, **counted})), "images": images}


def _moment(item: t.Mapping[str, t.Any]) -> float:
    created = item.get("createdAt")
    return created.timestamp() if isinstance(created, datetime.datetime) else 0.0


def _missing(asked: t.Sequence[str], found: t.Sequence[Answer], key: str) -> list[str]:
    known = {item.get(key) for item in found}
    return [arn for arn in dict.fromkeys(asked) if arn not in known]


def in_snake_case(value: t.Any) -> t.Any:
    """Return an answer with its keys in snake case and its times as text."""
    if isinstance(value, t.Mapping):
        return {
            snake(key): dict(item) if key in FREE_MAPS and isinstance(item, t.Mapping) else in_snake_case(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [in_snake_case(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def snake(name: str) -> str:
    return WORD_BEGINS.sub("_", name).lower()


__all__ = ("DEPLOYMENT_ARGUMENTS", "REVISION_ARGUMENTS", "deployments", "in_snake_case", "revisions")
