# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenario cloud behind boto3, by a clock that only moves when the test says so."""

from __future__ import annotations

import datetime
import typing as t

import botocore.config
import botocore.exceptions
import pytest

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Clock
    from slipway_scenarios import ScenarioCloud

    Play = Callable[[t.Any], ScenarioCloud]

ONCE = botocore.config.Config(retries={"total_max_attempts": 1})
EXISTING = {"shop": ["web"]}


class Shop:
    """One service of a cloud, as a tool would ask for it."""

    def __init__(self, cloud: ScenarioCloud) -> None:
        self.cloud = cloud
        self.ecs = cloud.client("ecs", config=ONCE)

    def register(self, **changes: t.Any) -> str:
        known = self.ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
        container = {**known["containerDefinitions"][0], **changes}
        answer = self.ecs.register_task_definition(
            family="web", containerDefinitions=[container], cpu="128", memory="256", networkMode="bridge"
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def update(self, **words: t.Any) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self.ecs.update_service(cluster="shop", service="web", **words)["service"]
        return answer

    def release(self) -> dict[str, t.Any]:
        return self.update(taskDefinition=self.register(image="registry.example/app:2"))

    def service(self) -> dict[str, t.Any]:
        (found,) = self.ecs.describe_services(cluster="shop", services=["web"])["services"]
        return t.cast("dict[str, t.Any]", found)

    def native(self) -> dict[str, t.Any]:
        arn = self.service()["currentServiceDeployment"]
        (found,) = self.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return t.cast("dict[str, t.Any]", found)

    def tasks(self, status: str) -> list[dict[str, t.Any]]:
        arns = self.ecs.list_tasks(cluster="shop", serviceName="web", desiredStatus=status)["taskArns"]
        found = self.ecs.describe_tasks(cluster="shop", tasks=arns)["tasks"] if arns else []
        return t.cast("list[dict[str, t.Any]]", found)


def test_an_update_is_a_deployment_of_that_revision(play: Play, clock: Clock) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": {"behaviour": "rolling", "seconds": 10}}}))
    before = shop.service()["deployments"]
    revision = shop.register()
    answer = shop.update(taskDefinition="web:2")
    primary = answer["deployments"][0]
    assert (answer["taskDefinition"], primary["taskDefinition"]) == (revision, revision)
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    assert primary["id"] not in {item["id"] for item in before}
    clock.pass_by(5)
    assert [item["status"] for item in shop.service()["deployments"]] == ["PRIMARY", "ACTIVE"]
    clock.pass_by(5)
    after = shop.service()
    assert [(item["id"], item["rolloutState"]) for item in after["deployments"]] == [(primary["id"], "COMPLETED")]
    assert (after["runningCount"], after["pendingCount"]) == (2, 0)
    assert after["events"][0]["message"] == "(service web) has reached a steady state."


@pytest.mark.parametrize(
    ("words", "deploys"),
    [
        ({"taskDefinition": "web"}, False),
        ({"desiredCount": 3}, False),
        ({"forceNewDeployment": True}, True),
        ({"platformVersion": "1.4.0"}, True),
    ],
    ids=["same-revision", "desired-count", "forced", "platform"],
)
def test_what_is_a_deployment_and_what_is_not(play: Play, words: dict[str, t.Any], deploys: bool) -> None:
    shop = Shop(play({"existing": EXISTING}))
    before = shop.service()["deployments"][0]["id"]
    assert (shop.update(**words)["deployments"][0]["id"] != before) is deploys
    assert shop.service()["desiredCount"] == words.get("desiredCount", 2)


def test_a_crash_leaves_its_marks_everywhere(play: Play, clock: Clock) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": {"behaviour": "crash_loop", "exit_code": 3}}}))
    ours = shop.release()["deployments"][0]["id"]
    clock.pass_by(1.6)
    assert {item["id"]: item["failedTasks"] for item in shop.service()["deployments"]}[ours] == 2
    (dead, _other) = shop.tasks("STOPPED")
    assert (dead["startedBy"], dead["stopCode"], dead["stoppedReason"]) == (
        ours,
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert dead["containers"][0]["exitCode"] == 3
    stream = f"web/app/{dead['taskArn'].rpartition('/')[2]}"
    logs = shop.cloud.client("logs")
    events = logs.get_log_events(logGroupName="/scenarios", logStreamName=stream)["events"]
    assert events[-1]["message"] == "KeyError: 'DATABASE_URL'"
    clock.pass_by(5)
    assert shop.service()["taskDefinition"].endswith("/web:1")
    back = shop.service()["deployments"][0]["id"]
    assert [item["message"].removeprefix("(service web) ") for item in shop.service()["events"][:5]] == [
        "has reached a steady state.",
        f"(deployment {back}) deployment completed.",
        f"rolling back to deployment {back}.",
        f"(deployment {ours}) deployment failed: tasks failed to start.",
        "is unable to consistently start tasks successfully.",
    ]
    assert shop.native()["status"] == "ROLLBACK_SUCCESSFUL"
    assert shop.native()["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 4}


def test_a_task_that_cannot_start_names_its_image(play: Play, clock: Clock) -> None:
    script = {"existing": EXISTING, "services": {"web": {"behaviour": "crash_loop", "cause": "image_not_found"}}}
    shop = Shop(play(script))
    shop.release()
    clock.pass_by(0.8)
    (dead, _other) = shop.tasks("STOPPED")
    assert dead["stoppedReason"].startswith("CannotPullContainerError")
    assert "registry.example/app:2: not found" in dead["stoppedReason"]
    assert "exitCode" not in dead["containers"][0]


def test_deployments_take_their_turns_in_the_script(play: Play, clock: Clock) -> None:
    script = {"existing": EXISTING, "services": {"web": ["crash_loop", {"behaviour": "rolling", "seconds": 1}]}}
    shop = Shop(play(script))
    shop.release()
    clock.pass_by(10)
    assert shop.service()["taskDefinition"].endswith("/web:1")
    shop.release()
    clock.pass_by(1)
    assert shop.service()["taskDefinition"].endswith("/web:3")
    assert shop.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_going_back_to_what_was_good_is_not_what_the_script_has_for_releases(play: Play, clock: Clock) -> None:
    script = {"existing": EXISTING, "services": {"web": {"behaviour": "crash_loop", "breaker": "off"}}}
    shop = Shop(play(script))
    shop.release()
    clock.pass_by(5)
    shop.update(taskDefinition="web:1")
    clock.pass_by(2)
    assert [item["rolloutState"] for item in shop.service()["deployments"]] == ["COMPLETED"]


def test_a_hook_waits_for_its_answer(play: Play, clock: Clock) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": {"behaviour": "canary", "pause_at": "PRE_SCALE_UP"}}}))
    assert shop.service()["deploymentConfiguration"]["strategy"] == "CANARY"
    shop.release()
    clock.pass_by(1000)
    native = shop.native()
    (hook,) = native["lifecycleHookDetails"]
    assert (native["status"], native["lifecycleStage"], hook["status"]) == (
        "IN_PROGRESS",
        "PRE_SCALE_UP",
        "AWAITING_ACTION",
    )
    arn = native["serviceDeploymentArn"]
    with pytest.raises(botocore.exceptions.ClientError, match="does not wait for an answer"):
        shop.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId="another")
    shop.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], action="CONTINUE")
    clock.pass_by(2)
    assert shop.native()["status"] == "SUCCESSFUL"
    with pytest.raises(botocore.exceptions.ClientError, match="cannot be changed"):
        shop.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_stop_brings_the_revision_of_before_back(play: Play, clock: Clock) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": {"behaviour": "rolling", "seconds": 60}}}))
    shop.release()
    shop.ecs.stop_service_deployment(serviceDeploymentArn=shop.native()["serviceDeploymentArn"], stopType="ROLLBACK")
    clock.pass_by(5)
    assert shop.native()["status"] == "ROLLBACK_SUCCESSFUL"
    assert shop.service()["taskDefinition"].endswith("/web:1")


def test_service_deployments_are_listed_page_by_page_and_by_status(play: Play, clock: Clock) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": ["crash_loop", "rolling"]}}))
    began = datetime.datetime.fromtimestamp(clock.now, datetime.UTC)
    for _number in range(3):
        clock.pass_by(10)
        shop.release()
    clock.pass_by(10)
    asked = {"cluster": "shop", "service": "web"}
    found = shop.ecs.list_service_deployments(**asked, maxResults=3)
    rest = shop.ecs.list_service_deployments(**asked, nextToken=found["nextToken"])
    statuses = [item["status"] for item in (*found["serviceDeployments"], *rest["serviceDeployments"])]
    assert statuses == ["SUCCESSFUL", "SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    failed = shop.ecs.list_service_deployments(**asked, status=["ROLLBACK_SUCCESSFUL"])["serviceDeployments"]
    later = shop.ecs.list_service_deployments(**asked, createdAt={"after": began + datetime.timedelta(seconds=15)})
    assert (len(failed), len(later["serviceDeployments"])) == (1, 2)
    arns = [failed[0]["targetServiceRevisionArn"]]
    (revision,) = shop.ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
    assert revision["taskDefinition"].endswith("/web:2")


def test_without_service_deployments_there_are_none(play: Play) -> None:
    shop = Shop(play({"existing": EXISTING, "service_deployments": False}))
    assert "currentServiceDeployment" not in shop.service()
    with pytest.raises(botocore.exceptions.ClientError) as error:
        shop.ecs.list_service_deployments(cluster="shop", service="web")
    assert error.value.response["Error"]["Code"] == "UnsupportedFeatureException"


@pytest.mark.parametrize(
    ("leaves", "services", "failures"),
    [("nothing", [], ["MISSING"]), ("inactive", ["INACTIVE"], [])],
    ids=["nothing", "inactive"],
)
def test_a_service_may_vanish(play: Play, clock: Clock, leaves: str, services: list[str], failures: list[str]) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": {"behaviour": "vanished", "leaves": leaves}}}))
    shop.release()
    clock.pass_by(1)
    answer = shop.ecs.describe_services(cluster="shop", services=["web"])
    assert [item["status"] for item in answer["services"]] == services
    assert [item["reason"] for item in answer["failures"]] == failures


def test_old_answers_for_a_while_after_a_write(play: Play, clock: Clock) -> None:
    script = {"existing": EXISTING, "faults": [{"fault": "stale", "operation": "*", "seconds": 3}]}
    shop = Shop(play(script))
    ours = shop.release()["deployments"][0]["id"]
    clock.pass_by(2.9)
    assert ours not in {item["id"] for item in shop.service()["deployments"]}
    assert shop.service()["taskDefinition"].endswith("/web:1")
    clock.pass_by(0.1)
    assert ours in {item["id"] for item in shop.service()["deployments"]}


def test_a_number_of_old_answers_after_a_write(play: Play) -> None:
    script = {"existing": EXISTING, "faults": [{"fault": "stale", "operation": "DescribeServices", "calls": 2}]}
    shop = Shop(play(script))
    ours = shop.release()["deployments"][0]["id"]
    assert [ours in {item["id"] for item in shop.service()["deployments"]} for _number in range(3)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "throttled"}, "ThrottlingException"),
        ({"fault": "crowded"}, "ClientException"),
        ({"fault": "server_error", "status": 503}, "ServerException"),
        ({"fault": "denied"}, "AccessDeniedException"),
        ({"fault": "error", "code": "Odd", "message": "so"}, "Odd"),
    ],
    ids=["throttled", "crowded", "server-error", "denied", "own"],
)
def test_a_refusal_reads_as_the_error_it_is(play: Play, fault: dict[str, t.Any], code: str) -> None:
    shop = Shop(play({"existing": EXISTING, "faults": [{**fault, "operation": "Describe*", "first": 1}]}))
    with pytest.raises(botocore.exceptions.ClientError) as error:
        shop.service()
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == fault.get(
        "status", 500 if "server" in fault["fault"] else 400
    )
    assert shop.service()["status"] == "ACTIVE"
    assert [(call.status, call.faults) for call in shop.cloud.calls()][1] == (200, ())


def test_a_refusal_in_the_query_protocol(play: Play) -> None:
    cloud = play({"faults": [{"fault": "throttled", "operation": "GetCallerIdentity", "first": 1}]})
    sts = cloud.client("sts", config=ONCE)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        sts.get_caller_identity()
    assert error.value.response["Error"]["Code"] == "ThrottlingException"
    assert sts.get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(("fault", "done"), [("reset", False), ("lost_answer", True)], ids=["before", "after"])
def test_a_connection_that_breaks(play: Play, fault: str, done: bool) -> None:
    shop = Shop(play({"existing": EXISTING, "faults": [{"fault": fault, "operation": "UpdateService"}]}))
    revision = shop.register()
    with pytest.raises(botocore.exceptions.HTTPClientError) as error:
        shop.update(taskDefinition=revision)
    assert "reset" in str(error.value).lower() or "closed" in str(error.value).lower()
    assert (shop.service()["taskDefinition"] == revision) is done


def test_calls_are_kept_without_what_might_be_secret(play: Play) -> None:
    shop = Shop(play({"existing": EXISTING}))
    shop.update(taskDefinition=shop.register(environment=[{"name": "PASSWORD", "value": "not-to-be-kept"}]))
    kept = [call.as_json() for call in shop.cloud.calls()]
    assert [(call["api"], call["operation"], call["writes"]) for call in kept] == [
        ("ecs", "DescribeTaskDefinition", False),
        ("ecs", "RegisterTaskDefinition", True),
        ("ecs", "UpdateService", True),
    ]
    assert kept[-1]["names"]["service"] == "web"
    assert "not-to-be-kept" not in str(kept)
    assert shop.cloud.writes() == ["RegisterTaskDefinition", "UpdateService"]


def test_more_names_than_ecs_takes(play: Play) -> None:
    shop = Shop(play({"existing": EXISTING}))
    with pytest.raises(botocore.exceptions.ClientError, match="At most 10 services"):
        shop.ecs.describe_services(cluster="shop", services=[f"s{number}" for number in range(11)])


def test_another_script_counts_from_then_on(play: Play, clock: Clock) -> None:
    shop = Shop(play({"existing": EXISTING, "services": {"web": {"behaviour": "rolling", "seconds": 10}}}))
    shop.release()
    shop.cloud.play({"services": {"web": "crash_loop"}})
    clock.pass_by(10)
    assert shop.service()["deployments"][0]["rolloutState"] == "COMPLETED"
    shop.release()
    clock.pass_by(1.6)
    assert shop.service()["deployments"][0]["failedTasks"] == 2


def test_there_is_one_cloud_in_a_process_and_moto_is_itself_again_afterwards() -> None:
    from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
    from moto.ecs.responses import EC2ContainerServiceResponse
    from slipway_scenarios import ScenarioCloud, ScenarioError

    before = EC2ContainerServiceResponse.create_service
    with pytest.raises(RuntimeError, match="enough"), ScenarioCloud({}):
        assert EC2ContainerServiceResponse.create_service is not before
        with pytest.raises(ScenarioError, match="already"):
            ScenarioCloud({}).__enter__()
        raise RuntimeError("enough")
    assert ecs_backends.backend is EC2ContainerServiceBackend
    assert EC2ContainerServiceResponse.create_service is before
    assert not hasattr(EC2ContainerServiceResponse, "stop_service_deployment")
