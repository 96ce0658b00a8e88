# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks behind a load balancer that does not get an answer from them."""

from __future__ import annotations

import typing as t

import pytest
from definitions import BREAKER, completed, container, define, primary_of, running, tasks_of
from ecs import create_service, service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

# Answers with the status that stands in a file.
SERVE = """
import http.server, pathlib
class Application(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(pathlib.Path('/tmp/status').read_text()))
        self.end_headers()
pathlib.Path('/tmp/status').write_text('{status}')
http.server.HTTPServer(('0.0.0.0', 8000), Application).serve_forever()
"""


@pytest.fixture(scope="module")
def group(cloud: Home) -> str:
    reply = cloud.client("elbv2").create_target_group(
        Name="unhealthy",
        Protocol="HTTP",
        Port=8000,
        VpcId="vpc-1",
        TargetType="ip",
        HealthCheckIntervalSeconds=5,
        UnhealthyThresholdCount=2,
        HealthCheckTimeoutSeconds=2,
    )
    return str(reply["TargetGroups"][0]["TargetGroupArn"])


def test_unhealthy_targets_are_replaced(cloud: Home, pushed: str, group: str) -> None:
    """First in a service that ran well, then in deployments that never do."""

    def definition(status: int) -> str:
        serve = container(pushed, SERVE.format(status=status), stopTimeout=2, portMappings=[{"containerPort": 8000}])
        return define(cloud, "balanced", serve)

    good = definition(200)
    create_service(
        cloud,
        "balanced",
        good,
        loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8000}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        deploymentConfiguration=BREAKER,
        healthCheckGracePeriodSeconds=1,
    )
    completed(cloud, "balanced")
    first = running(cloud, "balanced")[0]
    label = f"com.amazonaws.ecs.task-arn={first}"
    cloud.docker().containers.list(filters={"label": label})[0].exec_run(["sh", "-c", "echo 503 > /tmp/status"])
    wait_for("a replacement", lambda: [one for one in running(cloud, "balanced") if one != first], 40)
    [ended] = tasks_of(cloud, "balanced", "STOPPED")
    assert (ended["taskArn"], ended["stopCode"]) == (first, "ServiceSchedulerInitiated")
    assert ended["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
    assert primary_of(cloud, "balanced")["rolloutState"] == "COMPLETED"

    bad = definition(500)
    cloud.client("ecs").update_service(cluster="tests", service="balanced", taskDefinition=bad)
    failed = wait_for(
        "the failure",
        lambda: next((one for one in service_of(cloud, "balanced")["deployments"] if one["failedTasks"] == 3), None),
        90,
    )
    assert (failed["taskDefinition"], failed["rolloutState"]) == (bad, "FAILED")
    assert completed(cloud, "balanced")["taskDefinition"] == good
    told = [event["message"] for event in service_of(cloud, "balanced")["events"]]
    why = f"is unhealthy in (target-group {group}) due to (reason Health checks failed with these codes: [{{}}])"
    assert f"(service balanced) (task {first.rpartition('/')[2]}) (port 8000) {why.format(503)}" in told
    assert len([message for message in told if message.endswith(why.format(500))]) >= 3
