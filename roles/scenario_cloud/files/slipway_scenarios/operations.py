# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of ECS that moto lacks: service deployments, service revisions, and the answers to their hooks."""

from __future__ import annotations

import typing as t

from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException
from moto.ecs.models import ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse

from .services import MovingService, ScenarioBackend
from .tasks import moment

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .timeline import Native

Answer = dict[str, t.Any]
ARNS_A_CALL = 20
USUAL_PAGE = 20
# What CreateService takes, moto drops, and UpdateService of moto keeps.
KEPT_AT_CREATION = {
    "deploymentConfiguration": "deployment_configuration",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "enableExecuteCommand": "enable_execute_command",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
}


class ServiceDeploymentNotFound(ECSException):
    def __init__(self) -> None:
        super().__init__(
            "ServiceDeploymentNotFoundException", "The service deploy ARN that you specified doesn't exist."
        )


class _Unsupported(ECSException):
    def __init__(self) -> None:
        super().__init__("UnsupportedFeatureException", "Service deployments are not supported here.")


def _backend(response: EC2ContainerServiceResponse) -> ScenarioBackend:
    backend: t.Any = ecs_backends[response.current_account][response.region]
    if not backend.world.script.service_deployments:
        raise _Unsupported
    return t.cast("ScenarioBackend", backend)


def _asked(response: EC2ContainerServiceResponse, name: str) -> t.Any:
    return response._get_param(name)


def _every(backend: ScenarioBackend) -> Iterator[tuple[MovingService, Native]]:
    for service in backend.moving_services():
        seen = service.as_read() if backend.world.stale else service
        for native in seen.timeline.natives(backend.world.clock()):
            yield seen, native


def list_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    backend = _backend(self)
    service = backend.moving(_asked(self, "cluster") or "default", _asked(self, "service")).as_read()
    statuses, between = _asked(self, "status") or [], _asked(self, "createdAt") or {}
    found = []
    for native in service.timeline.natives(backend.world.clock()):
        created = native.begun.created
        early, late = between.get("after"), between.get("before")
        fits = not statuses or native.status in statuses
        if fits and (not early or created >= _seconds(early)) and (not late or created <= _seconds(late)):
            found.append(_brief(service, native))
    start, size = int(_asked(self, "nextToken") or 0), int(_asked(self, "maxResults") or USUAL_PAGE)
    more = {"nextToken": str(start + size)} if start + size < len(found) else {}
    return ActionResult({"serviceDeployments": found[start : start + size], **more})


def describe_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    asked = _arns(_asked(self, "serviceDeploymentArns"), "service deployments")
    found = [
        _deployment(service, native)
        for service, native in _every(_backend(self))
        if service.deployment_arn(native.key) in asked
    ]
    known = {item["serviceDeploymentArn"] for item in found}
    failures = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]
    return ActionResult({"serviceDeployments": found, "failures": failures})


def describe_service_revisions(self: EC2ContainerServiceResponse) -> ActionResult:
    asked = _arns(_asked(self, "serviceRevisionArns"), "service revisions")
    backend = _backend(self)
    found: dict[str, Answer] = {}
    for service in backend.moving_services():
        for reign in service.timeline.reigns():
            arn = service.revision_arn(reign.definition)
            if arn in asked and reign.since <= backend.world.clock():
                found.setdefault(arn, _revision(service, arn, reign.definition, reign.created))
    failures = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in found]
    return ActionResult({"serviceRevisions": list(found.values()), "failures": failures})


def continue_service_deployment(self: EC2ContainerServiceResponse) -> ActionResult:
    arn, hook = _asked(self, "serviceDeploymentArn"), _asked(self, "hookId")
    service, native = _under_way(self, arn)
    if hook not in {item.identifier for item in native.hooks}:
        raise InvalidParameterException(f"The hook {hook} does not wait for an answer.")
    now = service.world.clock()
    service.timeline = service.timeline.answer(hook, _asked(self, "action") or "CONTINUE", now)
    return ActionResult({"serviceDeploymentArn": arn})


def stop_service_deployment(self: EC2ContainerServiceResponse) -> ActionResult:
    arn = _asked(self, "serviceDeploymentArn")
    service, _native = _under_way(self, arn)
    service.remember()
    service.timeline = service.timeline.stop(_asked(self, "stopType") or "ROLLBACK", service.world.clock())
    return ActionResult({"serviceDeploymentArn": arn})


def _under_way(response: EC2ContainerServiceResponse, arn: str) -> tuple[MovingService, Native]:
    for service in _backend(response).moving_services():
        for native in service.timeline.natives(service.world.clock()):
            if service.deployment_arn(native.key) == arn:
                if native.status != "IN_PROGRESS" or native.begun.identifier != service.timeline.latest.identifier:
                    raise EcsClientException(f"The service deployment is {native.status} and cannot be changed.")
                return service, native
    raise ServiceDeploymentNotFound


def _arns(asked: t.Any, what: str) -> list[str]:
    arns = [str(item) for item in asked or []]
    if len(arns) > ARNS_A_CALL:
        raise InvalidParameterException(f"At most {ARNS_A_CALL} {what} may be described in one call.")
    return arns


def _seconds(value: t.Any) -> float:
    return float(value.timestamp()) if hasattr(value, "timestamp") else float(value)


def _brief(service: MovingService, native: Native) -> Answer:
    ended = {} if native.ended is None else {"finishedAt": moment(native.ended)}
    return {
        "serviceDeploymentArn": service.deployment_arn(native.key),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": moment(native.begun.created),
        "startedAt": moment(native.begun.created),
        "targetServiceRevisionArn": service.revision_arn(native.begun.definition),
        "status": native.status,
        "statusReason": native.reason or None,
        **ended,
    }


def _deployment(service: MovingService, native: Native) -> Answer:
    answer = _brief(service, native)
    shifts = native.begun.course.strategy != "ROLLING"
    weight = native.passage.weight if native.passage else 0.0
    if native.status == "SUCCESSFUL":
        weight = 100.0
    if native.back:
        weight = 0.0
    target = {
        "arn": answer.pop("targetServiceRevisionArn"),
        "requestedTaskCount": native.begun.desired,
        "runningTaskCount": native.counts.running,
        "pendingTaskCount": native.counts.pending,
        **({"requestedProductionTrafficWeight": weight, "requestedTestTrafficWeight": 100.0} if shifts else {}),
    }
    source = [{"arn": service.revision_arn(native.source.definition)}] if native.source else []
    configuration = dict(service.deployment_configuration)
    configuration["strategy"] = native.begun.course.strategy
    return {
        **answer,
        "updatedAt": moment(native.ended or service.world.clock()),
        "targetServiceRevision": target,
        "sourceServiceRevisions": source,
        "deploymentConfiguration": configuration,
        **_stage(native),
        **_monitors(service, native),
        **_rollback(service, native),
    }


def _stage(native: Native) -> Answer:
    hooks = [
        {
            "hookId": hook.identifier,
            "targetType": "PAUSE",
            "status": "AWAITING_ACTION",
            "expiresAt": moment(native.begun.since + hook.expires),
            "timeoutAction": hook.otherwise,
        }
        for hook in native.hooks
    ]
    stage = {"lifecycleStage": native.passage.stage} if native.passage and native.ended is None else {}
    return {**stage, "lifecycleHookDetails": hooks}


def _monitors(service: MovingService, native: Native) -> Answer:
    breaker = service.deployment_configuration["deploymentCircuitBreaker"]
    failure, alarms = native.failure, native.begun.course.alarms
    state = "DISABLED"
    if failure and failure.breaker:
        state = "TRIGGERED"
    elif breaker["enable"]:
        state = "MONITORING" if native.ended is None else "MONITORING_COMPLETE"
    found: Answer = {"deploymentCircuitBreaker": {"status": state, "failureCount": native.counts.failed}}
    if alarms:
        triggered = list(failure.alarms) if failure else []
        status = "TRIGGERED" if triggered else "MONITORING"
        found["alarms"] = {"status": status, "alarmNames": list(alarms), "triggeredAlarmNames": triggered}
    return found


def _rollback(service: MovingService, native: Native) -> Answer:
    if native.back is None or native.failure is None:
        return {}
    revision = service.revision_arn(native.back.definition)
    started = moment(native.back.since)
    return {"rollback": {"reason": native.failure.reason, "startedAt": started, "serviceRevisionArn": revision}}


def _revision(service: MovingService, arn: str, definition: str, created: float) -> Answer:
    images = [
        {"containerName": item.get("name"), "image": item.get("image"), "imageDigest": _digest(item.get("image"))}
        for item in service.containers(definition)
    ]
    return {
        "serviceRevisionArn": arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": definition,
        "launchType": service.launch_type,
        "containerImages": images,
        "createdAt": moment(created),
    }


def _digest(image: t.Any) -> str | None:
    return str(image).partition("@")[2] or None


_create = EC2ContainerServiceResponse.create_service


def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
    answer = _create(self)
    service: t.Any = ecs_backends[self.current_account][self.region]._get_service(
        _asked(self, "cluster") or "default", _asked(self, "serviceName")
    )
    for name, attribute in KEPT_AT_CREATION.items():
        value = _asked(self, name)
        if value is not None:
            setattr(service, attribute, value)
    return answer


OPERATIONS: dict[str, Callable[[EC2ContainerServiceResponse], ActionResult]] = {
    function.__name__: function
    for function in (
        list_service_deployments,
        describe_service_deployments,
        describe_service_revisions,
        continue_service_deployment,
        stop_service_deployment,
        create_service,
    )
}


def install() -> None:
    """Teach moto's ECS what it lacks, from now on."""
    for name, function in OPERATIONS.items():
        setattr(EC2ContainerServiceResponse, name, function)


def uninstall() -> None:
    for name in OPERATIONS:
        delattr(EC2ContainerServiceResponse, name)
    EC2ContainerServiceResponse.create_service = _create  # type: ignore[method-assign]
