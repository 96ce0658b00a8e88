# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service deployments and revisions, against answers checked by AWS' own models: the emulators have neither."""

from __future__ import annotations

import datetime
import functools
import typing as t

import boto3
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.service_deployments import (
    DEPLOYMENT_ARGUMENTS,
    REVISION_ARGUMENTS,
    Wanted,
    deployments,
    in_snake_case,
    revisions,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from botocore.stub import Stubber

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Answer = dict[str, t.Any]

ARN = "arn:aws:ecs:ap-northeast-1:123456789012"
SERVICE = {"cluster": "dev", "service": "backend"}


def at(day: int) -> datetime.datetime:
    return datetime.datetime(2026, 1, day, 12, tzinfo=datetime.UTC)


def arn(number: int) -> str:
    return f"{ARN}:service-deployment/dev/backend/{number:016x}"


def revision_arn(number: int) -> str:
    return f"{ARN}:service-revision/dev/backend/{number}"


def deployment(number: int, **more: t.Any) -> Answer:
    return {"serviceDeploymentArn": arn(number), "createdAt": at(number % 28 + 1), "status": "SUCCESSFUL", **more}


def listed(*numbers: int) -> Answer:
    return {"serviceDeployments": [{"serviceDeploymentArn": arn(number), "status": "SUCCESSFUL"} for number in numbers]}


def asked(arguments: Answer, **options: t.Any) -> Answer:
    return {**{name: spec.get("default") for name, spec in arguments.items()}, **options}


@functools.cache
def shared_client() -> t.Any:
    return boto3.session.Session("unit-test-access", "unit-test-secret", region_name="ap-northeast-1").client("ecs")


@pytest.fixture
def ecs() -> Iterator[Stubber]:
    """A client that is told what to answer, and to what request: it refuses any other."""
    with Stubber(shared_client()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def told(ecs: Stubber, **options: t.Any) -> Answer:
    return deployments(ecs.client, asked(DEPLOYMENT_ARGUMENTS, **options))


def revised(ecs: Stubber, **options: t.Any) -> Answer:
    return revisions(ecs.client, asked(REVISION_ARGUMENTS, **options))


# --- deployments ---


def test_deployments_come_newest_first_with_everything_ecs_says(ecs: Stubber) -> None:
    ecs.add_response("list_service_deployments", listed(1, 2), {**SERVICE, "maxResults": 20})
    rolled_back = deployment(
        2,
        status="ROLLBACK_SUCCESSFUL",
        statusReason="the circuit breaker threshold was exceeded",
        lifecycleStage="BAKE_TIME",
        targetServiceRevision={"arn": revision_arn(2), "runningTaskCount": 1, "requestedProductionTrafficWeight": 10.0},
        rollback={"reason": "circuit breaker", "startedAt": at(3), "serviceRevisionArn": revision_arn(1)},
        deploymentCircuitBreaker={"status": "TRIGGERED", "failureCount": 3, "threshold": 3},
        alarms={"status": "MONITORING", "alarmNames": ["errors"], "triggeredAlarmNames": []},
    )
    answer = {"serviceDeployments": [deployment(1), rolled_back]}
    ecs.add_response("describe_service_deployments", answer, {"serviceDeploymentArns": [arn(1), arn(2)]})
    result = told(ecs, **SERVICE)
    assert (result["source"], result["source_reason"], result["missing"]) == ("service_deployments", None, [])
    newest, oldest = result["deployments"]
    assert newest["service_deployment_arn"] == arn(2) and oldest["service_deployment_arn"] == arn(1)
    assert newest["created_at"] == "2026-01-03T12:00:00Z" and newest["lifecycle_stage"] == "BAKE_TIME"
    assert newest["target_service_revision"]["requested_production_traffic_weight"] == 10.0
    assert newest["rollback"] == {
        "reason": "circuit breaker",
        "started_at": "2026-01-03T12:00:00Z",
        "service_revision_arn": revision_arn(1),
    }
    assert newest["deployment_circuit_breaker"]["failure_count"] == 3
    assert newest["alarms"]["alarm_names"] == ["errors"]
    assert (oldest["rollback"], oldest["source_service_revisions"], oldest["finished_at"]) == (None, [], None)


def test_filters_reach_ecs(ecs: Stubber) -> None:
    wanted = {
        **SERVICE,
        "status": ["STOPPED"],
        "createdAt": {"after": at(1), "before": datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)},
        "maxResults": 3,
    }
    ecs.add_response("list_service_deployments", listed(1), wanted)
    ecs.add_response("describe_service_deployments", {"serviceDeployments": [deployment(1)]}, None)
    result = told(
        ecs,
        **SERVICE,
        statuses=["STOPPED"],
        created_after="2026-01-01T12:00:00Z",
        created_before="2026-02-01",
        max_results=3,
    )
    assert len(result["deployments"]) == 1


def test_pages_of_a_hundred_and_descriptions_by_twenty(ecs: Stubber) -> None:
    first = {**listed(*range(100)), "nextToken": "more"}
    ecs.add_response("list_service_deployments", first, {**SERVICE, "maxResults": 100})
    second = {**listed(*range(100, 120)), "nextToken": "still more"}
    ecs.add_response("list_service_deployments", second, {**SERVICE, "maxResults": 20, "nextToken": "more"})
    for start in range(0, 120, 20):
        numbers = range(start, start + 20)
        ecs.add_response(
            "describe_service_deployments",
            {"serviceDeployments": [deployment(number) for number in numbers]},
            {"serviceDeploymentArns": [arn(number) for number in numbers]},
        )
    assert len(told(ecs, **SERVICE, max_results=120)["deployments"]) == 120


def test_arns_are_described_without_a_list(ecs: Stubber) -> None:
    ecs.add_response(
        "describe_service_deployments",
        {"serviceDeployments": [deployment(1)], "failures": [{"arn": arn(2), "reason": "MISSING"}]},
        {"serviceDeploymentArns": [arn(1), arn(2)]},
    )
    result = told(ecs, deployments=[arn(1), arn(2), arn(1)])
    assert [item["service_deployment_arn"] for item in result["deployments"]] == [arn(1)]
    assert result["missing"] == [arn(2)]


SERVICE_ANSWER: Answer = {
    "services": [
        {
            "serviceName": "backend",
            "deployments": [
                {
                    "id": "ecs-svc/2",
                    "status": "PRIMARY",
                    "taskDefinition": f"{ARN}:task-definition/chatbot:2",
                    "desiredCount": 2,
                    "runningCount": 1,
                    "pendingCount": 1,
                    "failedTasks": 4,
                    "createdAt": at(2),
                    "rolloutState": "IN_PROGRESS",
                    "rolloutStateReason": "in progress",
                },
                {"id": "ecs-svc/1", "status": "ACTIVE", "createdAt": at(1), "rolloutState": "FAILED"},
            ],
        }
    ]
}


def test_where_ecs_lists_none_the_service_is_asked(ecs: Stubber) -> None:
    ecs.add_response("list_service_deployments", listed(), {**SERVICE, "maxResults": 20})
    ecs.add_response("describe_services", SERVICE_ANSWER, {"cluster": "dev", "services": ["backend"]})
    result = told(ecs, **SERVICE)
    assert result["source"] == "service" and "lists no service deployment" in result["source_reason"]
    newest, oldest = result["deployments"]
    assert (newest["id"], newest["status"], newest["status_reason"]) == ("ecs-svc/2", "IN_PROGRESS", "in progress")
    assert newest["service_deployment_arn"] is None and newest["task_definition"].endswith("chatbot:2")
    assert newest["target_service_revision"]["running_task_count"] == 1 and newest["failed_tasks"] == 4
    assert (oldest["id"], oldest["status"], oldest["primary"]) == ("ecs-svc/1", "FAILED", False)


@pytest.mark.parametrize("code", ["UnsupportedFeatureException", "UnknownOperationException", "InvalidAction", "500"])
def test_where_the_api_is_absent_the_service_is_asked(ecs: Stubber, code: str) -> None:
    ecs.add_client_error("list_service_deployments", code, "what?")
    ecs.add_response("describe_services", SERVICE_ANSWER, None)
    result = told(ecs, **SERVICE, max_results=1)
    assert result["source"] == "service" and "no service deployments: Could not list" in result["source_reason"]
    assert [item["id"] for item in result["deployments"]] == ["ecs-svc/2"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ServerException", "ClusterNotFoundException"])
def test_other_errors_are_errors(ecs: Stubber, code: str) -> None:
    ecs.add_client_error("list_service_deployments", code, "no")
    with pytest.raises(SlipwayError, match=f"Could not list the service deployments: {code}"):
        told(ecs, **SERVICE)


def test_no_match_is_not_an_empty_api(ecs: Stubber) -> None:
    ecs.add_response("list_service_deployments", listed(), {**SERVICE, "status": ["STOPPED"], "maxResults": 20})
    ecs.add_response("list_service_deployments", listed(7), {**SERVICE, "maxResults": 1})
    result = told(ecs, **SERVICE, statuses=["STOPPED"])
    assert (result["source"], result["deployments"]) == ("service_deployments", [])


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"statuses": ["IN_PROGRESS"]}, ["ecs-svc/2"]),
        ({"created_before": "2026-01-01T12:00:00+00:00"}, ["ecs-svc/1"]),
        ({"created_after": "2026-01-01T13:00:00Z"}, ["ecs-svc/2"]),
        ({"statuses": ["STOPPED"]}, []),
    ],
    ids=["status", "before", "after", "none"],
)
def test_filters_hold_for_the_service_too(ecs: Stubber, options: Answer, ids: list[str]) -> None:
    for dummy in range(2):
        ecs.add_response("list_service_deployments", listed(), None)
    ecs.add_response("describe_services", SERVICE_ANSWER, None)
    assert [item["id"] for item in told(ecs, **SERVICE, **options)["deployments"]] == ids


def test_no_such_service(ecs: Stubber) -> None:
    ecs.add_response("list_service_deployments", listed(), None)
    ecs.add_response("describe_services", {"services": [], "failures": [{"arn": "x", "reason": "MISSING"}]}, None)
    with pytest.raises(SlipwayError, match="no ECS service backend in cluster dev"):
        told(ecs, **SERVICE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "dev"}, "Name the cluster and the service"),
        ({"deployments": ["ecs-svc/1"]}, "takes ARNs with :service-deployment/"),
        ({**SERVICE, "max_results": 0}, "max_results must be at least 1"),
        ({**SERVICE, "created_after": "yesterday"}, "created_after is not a date and time: 'yesterday'"),
    ],
    ids=["no-service", "no-arn", "no-results", "no-time"],
)
def test_options_that_cannot_be_meant(ecs: Stubber, options: Answer, message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        told(ecs, **options)


# --- revisions ---


def revision(number: int) -> Answer:
    return {
        "serviceRevisionArn": revision_arn(number),
        "taskDefinition": f"{ARN}:task-definition/chatbot:{number}",
        "createdAt": at(number),
        "containerImages": [
            {"containerName": "app", "image": "chatbot:latest", "imageDigest": f"sha256:{number:064x}"},
            {"containerName": "proxy", "image": "proxy:1"},
        ],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}},
        "serviceConnectConfiguration": {
            "enabled": True,
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "KeptAsItIs": "x"}},
        },
    }


def test_the_current_revisions_of_a_service(ecs: Stubber) -> None:
    current = [
        {"arn": revision_arn(1), "requestedTaskCount": 0, "runningTaskCount": 1, "pendingTaskCount": 0},
        {"arn": revision_arn(2), "requestedTaskCount": 2, "runningTaskCount": 1, "pendingTaskCount": 1},
    ]
    ecs.add_response("describe_services", {"services": [{"currentServiceRevisions": current}]}, None)
    ecs.add_response(
        "describe_service_revisions",
        {"serviceRevisions": [revision(1), revision(2)]},
        {"serviceRevisionArns": [revision_arn(1), revision_arn(2)]},
    )
    result = revised(ecs, **SERVICE)
    assert (result["source"], result["missing"]) == ("service", [])
    newest, oldest = result["revisions"]
    assert newest["images"] == {
        "app": {"image": "chatbot:latest", "digest": f"sha256:{2:064x}"},
        "proxy": {"image": "proxy:1", "digest": None},
    }
    assert (newest["requested_task_count"], oldest["requested_task_count"]) == (2, 0)
    assert newest["network_configuration"]["awsvpc_configuration"]["assign_public_ip"] == "ENABLED"
    log = newest["service_connect_configuration"]["log_configuration"]
    assert log == {"log_driver": "awslogs", "options": {"awslogs-group": "g", "KeptAsItIs": "x"}}


def test_revisions_by_arn_twenty_a_call(ecs: Stubber) -> None:
    for numbers in (range(1, 21), range(21, 24)):
        ecs.add_response(
            "describe_service_revisions",
            {"serviceRevisions": [revision(number) for number in numbers if number != 23]},
            {"serviceRevisionArns": [revision_arn(number) for number in numbers]},
        )
    result = revised(ecs, revisions=[revision_arn(number) for number in range(1, 24)])
    assert len(result["revisions"]) == 22 and result["missing"] == [revision_arn(23)]
    assert result["revisions"][0]["requested_task_count"] is None and result["source"] == "revisions"


def test_a_service_that_names_none_is_looked_up_by_its_newest_deployment(ecs: Stubber) -> None:
    ecs.add_response("describe_services", {"services": [{"serviceName": "backend"}]}, None)
    entry = {"serviceDeploymentArn": arn(1), "targetServiceRevisionArn": revision_arn(5)}
    ecs.add_response("list_service_deployments", {"serviceDeployments": [entry]}, {**SERVICE, "maxResults": 1})
    ecs.add_response("describe_service_revisions", {"serviceRevisions": [revision(5)]}, None)
    result = revised(ecs, **SERVICE)
    assert result["source"] == "service_deployments" and len(result["revisions"]) == 1


@pytest.mark.parametrize("absent", [True, False], ids=["absent", "empty"])
def test_a_service_without_revisions_says_so(ecs: Stubber, absent: bool) -> None:
    ecs.add_response("describe_services", {"services": [{"serviceName": "backend"}]}, None)
    if absent:
        ecs.add_client_error("list_service_deployments", "UnknownOperationException", "what?")
    else:
        ecs.add_response("list_service_deployments", listed(), None)
    result = revised(ecs, **SERVICE)
    assert (result["source"], result["revisions"]) == ("none", [])
    assert result["source_reason"].startswith("The service names no current revision, and")


@pytest.mark.parametrize(
    ("options", "message"),
    [({}, "or the ARNs of revisions"), ({"revisions": [arn(1)]}, "takes ARNs with :service-revision/")],
    ids=["nothing", "other-arn"],
)
def test_revision_options_that_cannot_be_meant(ecs: Stubber, options: Answer, message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        revised(ecs, **options)


def test_names_in_snake_case() -> None:
    names = ["serviceRevisionArn", "managedEBSVolume", "sizeInGiB", "assignPublicIp", "id", "kmsKeyId"]
    expected = ["service_revision_arn", "managed_ebs_volume", "size_in_gi_b", "assign_public_ip", "id", "kms_key_id"]
    assert list(in_snake_case(dict.fromkeys(names))) == expected


def test_a_deployment_without_a_time_is_in_no_span_of_time() -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert Wanted().fits({})
    assert not Wanted(after=moment).fits({})
    assert not Wanted(before=moment).fits({})
