# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that cannot start, because a secret is not there."""

from __future__ import annotations

import typing as t

import pytest
from definitions import BREAKER, by_digest, completed, container, define, tasks_of
from ecs import create_service, service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

ABSENT = "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:tests/absent-AbCdEf"
BEGINNING = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secret"
)


@pytest.fixture(scope="module")
def secret(cloud: Home) -> str:
    reply = cloud.client("secretsmanager").create_secret(Name="tests/start", SecretString='{"user": "shop"}')
    return str(reply["ARN"])


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (
            ABSENT,
            f" from asm: service call has been retried 1 time(s): failed to fetch secret {ABSENT} from secrets "
            "manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ),
        (
            "{secret}:password::",
            " from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain "
            "json key password",
        ),
        (
            "arn:aws:ssm:ap-northeast-1:000000000000:parameter/tests/absent",
            "s from ssm: service call has been retried 1 time(s): invalid parameters: /tests/absent",
        ),
    ],
    ids=["a secret", "a JSON key", "a parameter"],
)
def test_what_is_said_of_a_secret(cloud: Home, pushed: str, secret: str, reference: str, words: str) -> None:
    family = f"secret-{words[-6:].strip(' ./').lower()}"
    one = container(pushed, secrets=[{"name": "VALUE", "valueFrom": reference.format(secret=secret)}])
    create_service(cloud, family, define(cloud, family, one), deploymentConfiguration=BREAKER)
    task = wait_for("the end", lambda: tasks_of(cloud, family, "STOPPED"))[0]
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", f"{BEGINNING}{words}")
    assert not task["containers"][0].get("reason")


def test_tasks_start_after_the_answer(cloud: Home, pushed: str) -> None:
    """However soon its tasks fail, the answer is about the new deployment; and the rollback is never half of one."""
    image = by_digest(cloud, pushed)
    good = define(cloud, "answered", container(image))
    create_service(cloud, "answered", good, deploymentConfiguration=BREAKER)
    # As many at once as the circuit breaker has patience for.
    cloud.client("ecs").update_service(cluster="tests", service="answered", desiredCount=3)
    wait_for("all three", lambda: service_of(cloud, "answered")["runningCount"] == 3)
    completed(cloud, "answered")
    for number in range(8):
        one = container(image, secrets=[{"name": f"VALUE_{number}", "valueFrom": ABSENT}])
        bad = define(cloud, "answered", one)
        reply = cloud.client("ecs").update_service(cluster="tests", service="answered", taskDefinition=bad)["service"]
        primary = next(each for each in reply["deployments"] if each["status"] == "PRIMARY")
        assert (primary["taskDefinition"], primary["failedTasks"]) == (bad, 0)
        assert reply["taskDefinition"] == bad
        assert completed(cloud, "answered")["taskDefinition"] == good
        arn = service_of(cloud, "answered")["currentServiceDeployment"]
        told = cloud.client("ecs").describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
        assert told["status"] in ("ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL")
    cloud.client("ecs").update_service(cluster="tests", service="answered", desiredCount=0)
