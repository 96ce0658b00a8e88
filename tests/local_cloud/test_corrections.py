# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each correction of the emulator, seen from outside."""

from __future__ import annotations

import http.client
import json
import typing as t

import pytest
from ecs import ROLE, create_service, log_of, register, service_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

PRINT_ENVIRONMENT = ["python3", "-c", "import json, os; print('ENV ' + json.dumps(dict(os.environ)), flush=True)"]
SERVE = [
    "python3",
    "-c",
    """
import http.server
class Application(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'the application at ' + self.path.encode())
http.server.HTTPServer(('0.0.0.0', 8000), Application).serve_forever()
""",
]
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def get(home: Home, host: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    return response.status, response.read().decode()


def environment_of_a_task(home: Home, family: str, definition: str) -> dict[str, str]:
    home.client("ecs").create_cluster(clusterName="tests")
    home.client("ecs").run_task(cluster="tests", taskDefinition=definition, launchType="FARGATE")
    line = wait_for(f"output of {family}", lambda: "ENV " in log_of(home, family) and log_of(home, family))
    found: dict[str, str] = json.loads(line.partition("ENV ")[2].splitlines()[0])
    return found


def test_registry_that_answers(cloud: Home, pushed: str) -> None:
    ecr = cloud.client("ecr")
    registry = f"127.0.0.1:{cloud.port}"
    described = ecr.describe_repositories(repositoryNames=["team/tests"])["repositories"][0]
    assert described["repositoryUri"] == f"{registry}/team/tests"
    assert ecr.get_authorization_token()["authorizationData"][0]["proxyEndpoint"] == f"http://{registry}"
    image = ecr.describe_images(repositoryName="team/tests", imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
    assert cloud.docker().images.get(pushed).attrs["RepoDigests"] == [f"{registry}/team/tests@{image['imageDigest']}"]


def test_task_role_credentials(cloud: Home, pushed: str) -> None:
    definition = register(cloud, "with-role", pushed, PRINT_ENVIRONMENT, taskRoleArn=ROLE)
    found = environment_of_a_task(cloud, "with-role", definition)
    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert found["AWS_SECRET_ACCESS_KEY"]
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "ap-northeast-1"
    assert found["AWS_ENDPOINT_URL"] == f"http://host.docker.internal:{cloud.port}"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in found


def test_a_task_without_a_role_has_no_credentials(cloud: Home, pushed: str) -> None:
    found = environment_of_a_task(cloud, "without-role", register(cloud, "without-role", pushed, PRINT_ENVIRONMENT))
    assert found["AWS_REGION"] == "ap-northeast-1"
    assert not [name for name in found if name.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_CONTAINER"))]


def test_first_deployment_in_progress(cloud: Home, pushed: str) -> None:
    created = create_service(cloud, "first", register(cloud, "first", pushed, SERVE))
    assert [(one["rolloutState"], one["runningCount"]) for one in created["deployments"]] == [("IN_PROGRESS", 0)]
    done = wait_for(
        "the first deployment",
        lambda: (
            service_of(cloud, "first")["deployments"][0]["rolloutState"] == "COMPLETED" and service_of(cloud, "first")
        ),
    )
    assert done["runningCount"] == 1


def test_first_deployment_that_crashes_fails(cloud: Home, pushed: str) -> None:
    definition = register(cloud, "crash", pushed, ["python3", "-c", "raise SystemExit(1)"])
    create_service(cloud, "crash", definition, deploymentConfiguration=BREAKER)
    failed = wait_for(
        "the failure",
        lambda: service_of(cloud, "crash")["deployments"][0]["rolloutState"] == "FAILED" and service_of(cloud, "crash"),
    )
    assert failed["deployments"][0]["failedTasks"] == 3
    assert "circuit breaker" in failed["deployments"][0]["rolloutStateReason"]


def test_started_by_deployment(cloud: Home, pushed: str) -> None:
    deployment = create_service(cloud, "started", register(cloud, "started", pushed, SERVE))["deployments"][0]["id"]
    ecs = cloud.client("ecs")
    by_deployment = ecs.list_tasks(cluster="tests", startedBy=deployment)["taskArns"]
    assert by_deployment
    assert ecs.list_tasks(cluster="tests", serviceName="started")["taskArns"] == by_deployment
    described = ecs.describe_tasks(cluster="tests", tasks=by_deployment)["tasks"]
    assert [task["startedBy"] for task in described] == [deployment]


def test_health_path_reaches_targets(cloud: Home, front_doors: tuple[str, str]) -> None:
    balancer, distribution = front_doors
    wait_for("a healthy target", lambda: get(cloud, balancer, "/")[0] == 200)
    for path in ("/health", "/api/health"):
        expected = (200, f"the application at {path}")
        assert get(cloud, balancer, path) == expected
        # By the name that the distribution has, and by one that a browser on this machine resolves.
        assert get(cloud, distribution, path) == expected
        label = distribution.partition(".")[0]
        assert get(cloud, f"{label}.{cloud.endpoints['cloudfront_suffix']}", path) == expected
    assert json.loads(get(cloud, "localhost", "/_ministack/health")[1])["version"] == "1.5.33"


def test_targets_prove_themselves(cloud: Home, pushed: str, front_doors: tuple[str, str]) -> None:
    balancer, _distribution = front_doors
    wait_for("a healthy target", lambda: get(cloud, balancer, "/")[0] == 200)
    silent = register(cloud, "silent", pushed, ["python3", "-c", "import time; time.sleep(600)"])
    cloud.client("ecs").update_service(cluster="tests", service="served", taskDefinition=silent)
    elb = cloud.client("elbv2")
    group = elb.describe_target_groups(Names=["tests"])["TargetGroups"][0]["TargetGroupArn"]

    def states() -> list[str]:
        described = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return sorted(one["TargetHealth"]["State"] for one in described)

    wait_for("the silent task to be registered", lambda: states() == ["healthy", "initial"])
    assert [get(cloud, balancer, "/")[0] for _ in range(40)] == [200] * 40
    primary = next(one for one in service_of(cloud, "served")["deployments"] if one["status"] == "PRIMARY")
    assert (primary["taskDefinition"], primary["rolloutState"]) == (silent, "IN_PROGRESS")


@pytest.fixture(scope="module")
def front_doors(cloud: Home, pushed: str) -> tuple[str, str]:
    """Run an application behind a load balancer and a distribution; return both names."""
    elb = cloud.client("elbv2")
    balancer = elb.create_load_balancer(Name="tests", Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    group = elb.create_target_group(Name="tests", Protocol="HTTP", Port=8000, VpcId="vpc-1", TargetType="ip")
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    create_service(
        cloud,
        "served",
        register(cloud, "served", pushed, SERVE),
        loadBalancers=[{"targetGroupArn": arn, "containerName": "app", "containerPort": 8000}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    origin = {
        "Id": "api",
        "DomainName": balancer["DNSName"],
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"},
    }
    distribution = cloud.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "tests",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "api",
                "ViewerProtocolPolicy": "allow-all",
                "ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "all"}},
                "MinTTL": 0,
            },
        }
    )["Distribution"]
    return balancer["DNSName"], distribution["DomainName"]
