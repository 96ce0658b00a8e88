# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service tells of its deployments and revisions."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError
from definitions import BREAKER, BREAKER_ALONE, completed, container, define, primary_of, running
from ecs import create_service, wait_for

if t.TYPE_CHECKING:
    from home import Home

CRASH = "raise SystemExit(1)"
NEVER_WELL = {
    "program": "import time; time.sleep(600)",
    "healthCheck": {"command": ["CMD", "false"], "interval": 60, "retries": 3},
}


def described(home: Home, arn: str) -> dict[str, t.Any]:
    reply = home.client("ecs").describe_service_deployments(serviceDeploymentArns=[arn])
    assert reply["failures"] == []
    found: dict[str, t.Any] = reply["serviceDeployments"][0]
    return found


def ended(home: Home, arn: str, status: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = wait_for(
        status, lambda: described(home, arn) if described(home, arn)["status"] == status else None
    )
    assert found["finishedAt"] >= found["startedAt"]
    return found


def update(home: Home, service: str, definition: str, **more: t.Any) -> str:
    reply = home.client("ecs").update_service(cluster="tests", service=service, taskDefinition=definition, **more)
    return str(reply["service"]["currentServiceDeployment"])


def test_service_deployments(cloud: Home, pushed: str) -> None:
    """From one good revision to a bad one and back: who came from where, how it ended, and what runs by its digest."""
    ecs = cloud.client("ecs")
    good = define(cloud, "told", container(pushed))
    first = create_service(cloud, "told", good, deploymentConfiguration=BREAKER)["currentServiceDeployment"]
    assert described(cloud, first)["status"] == "IN_PROGRESS"
    one = ended(cloud, first, "SUCCESSFUL")
    assert one["sourceServiceRevisions"] == []
    assert one["deploymentCircuitBreaker"] == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3}
    revision = ecs.describe_service_revisions(serviceRevisionArns=[one["targetServiceRevision"]["arn"]])
    digest = cloud.docker().images.get(pushed).attrs["RepoDigests"][0].partition("@")[2]
    assert revision["serviceRevisions"][0]["taskDefinition"] == good
    assert revision["serviceRevisions"][0]["containerImages"] == [
        {"containerName": "app", "image": pushed, "imageDigest": digest}
    ]

    second = update(cloud, "told", define(cloud, "told", container(pushed, CRASH)))
    two = ended(cloud, second, "ROLLBACK_SUCCESSFUL")
    assert two["statusReason"] == "Service deployment rolled back because the circuit breaker threshold was exceeded."
    assert two["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    source = one["targetServiceRevision"]["arn"]
    assert [each["arn"] for each in two["sourceServiceRevisions"]] == [source]
    assert two["rollback"]["serviceRevisionArn"] == source

    listed = ecs.list_service_deployments(cluster="tests", service="told")["serviceDeployments"]
    assert [(each["serviceDeploymentArn"], each["status"]) for each in listed] == [
        (second, "ROLLBACK_SUCCESSFUL"),
        (first, "SUCCESSFUL"),
    ]
    only = ecs.list_service_deployments(cluster="tests", service="told", status=["SUCCESSFUL"])["serviceDeployments"]
    assert [each["serviceDeploymentArn"] for each in only] == [first]
    service = ecs.describe_services(cluster="tests", services=["told"])["services"][0]
    assert service["currentServiceDeployment"] == second
    assert [each["arn"] for each in service["currentServiceRevisions"]] == [source]
    # Another count is no other deployment.
    same = ecs.update_service(cluster="tests", service="told", desiredCount=0)["service"]["currentServiceDeployment"]
    assert same == second


def test_deployments_without_a_way_back(cloud: Home, pushed: str) -> None:
    crash = define(cloud, "hopeless", container(pushed, CRASH))
    arns = {
        status: create_service(cloud, name, crash, deploymentConfiguration=breaker)["currentServiceDeployment"]
        for name, breaker, status in (
            ("hopeless", BREAKER, "ROLLBACK_FAILED"),
            ("stays", BREAKER_ALONE, "STOPPED"),
        )
    }
    for status, arn in arns.items():
        found = ended(cloud, arn, status)
        assert "rollback" not in found
        reason = found["statusReason"]
        assert reason == "No rollback candidate was found to run the rollback." or "circuit breaker" in reason


def test_superseded_and_stopped(cloud: Home, pushed: str) -> None:
    """A deployment that a newer one overtakes is STOPPED; one that is stopped by hand goes back."""
    ecs = cloud.client("ecs")
    good = define(cloud, "hands", container(pushed))
    create_service(cloud, "hands", good)
    completed(cloud, "hands")
    before = running(cloud, "hands")
    overtaken = update(cloud, "hands", define(cloud, "hands", container(pushed, **NEVER_WELL)))
    pending = update(cloud, "hands", define(cloud, "hands", container(pushed, **NEVER_WELL)))
    assert ended(cloud, overtaken, "STOPPED")["stoppedAt"]
    assert described(cloud, pending)["status"] == "IN_PROGRESS"

    ecs.stop_service_deployment(serviceDeploymentArn=pending, stopType="ROLLBACK")
    found = ended(cloud, pending, "ROLLBACK_SUCCESSFUL")
    assert found["deploymentCircuitBreaker"]["status"] == "DISABLED"
    assert primary_of(cloud, "hands")["taskDefinition"] == good
    wait_for("only the old task", lambda: running(cloud, "hands") == before)
    with pytest.raises(ClientError, match="ConflictException"):
        ecs.stop_service_deployment(serviceDeploymentArn=pending, stopType="ROLLBACK")
    with pytest.raises(ClientError, match="ServiceDeploymentNotFoundException"):
        ecs.stop_service_deployment(serviceDeploymentArn=f"{pending}x", stopType="ROLLBACK")
