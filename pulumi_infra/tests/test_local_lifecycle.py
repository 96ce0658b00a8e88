"""The real program on a real local cloud: from nothing, unchanged, changed, released, damaged, and back to nothing."""

from __future__ import annotations

import json
import time
import typing as t

import jsonschema
import pytest
import yaml
from local_engine.planning import Step

from tests.account import contents
from tests.conftest import Workshop
from tests.emulator import empty
from tests.recorded_program import record
from tests.tags import takes_tags
from tests.test_outputs import FLAT, SCHEMA

STACK = "qa-chatbot-local"


class Stack:
    """The reference system, up on the local cloud."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.cloud = workshop.cloud

    def up(self) -> t.Any:
        return self.workshop.operations(STACK).up()

    def outputs(self) -> dict[str, t.Any]:
        return self.workshop.operations(STACK).outputs()

    def configure(self, **changes: t.Any) -> None:
        file = self.workshop.project / f"Pulumi.{STACK}.yaml"
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key, value in changes.items():
            document["config"][f"slipway:{key}"] = value
        file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def service(self) -> dict[str, t.Any]:
        service = self.outputs()["delivery"]["services"]["backend"]
        answer = self.cloud.client("ecs").describe_services(cluster=service["cluster"], services=[service["service"]])
        return t.cast("dict[str, t.Any]", answer["services"][0])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, endpoint: str) -> t.Iterator[Stack]:
    """The stack is made once. What is left after its destroy is the last test of all."""
    empty(endpoint)
    workshop = Workshop(tmp_path_factory.mktemp("built"), endpoint)
    workshop.copy_program()
    assert contents(workshop.cloud) == {}
    stack = Stack(workshop)
    started = time.monotonic()
    outcome = stack.up()
    print(f"up from nothing: {outcome[Step.CREATE]} resources in {time.monotonic() - started:.1f} s")
    assert outcome[Step.CREATE] > 80
    yield stack
    started = time.monotonic()
    workshop.operations(STACK).destroy()
    print(f"destroy: {time.monotonic() - started:.1f} s")
    assert contents(workshop.cloud) == {}


@pytest.fixture
def stack(built: Stack) -> t.Iterator[Stack]:
    """The stack as the program describes it; a test may change its configuration."""
    file = built.workshop.project / f"Pulumi.{STACK}.yaml"
    original = file.read_text(encoding="utf-8")
    yield built
    file.write_text(original, encoding="utf-8")
    built.up()


def test_a_second_up_writes_nothing(stack: Stack) -> None:
    checkpoint = stack.workshop.checkpoint(STACK, "slipway")
    resources = json.loads(checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"]["resources"]
    assert len(contents(stack.cloud)) > 20
    again = stack.up()
    assert again.writing_calls == {}
    assert {step for step, number in again.counts.items() if number} == {Step.SAME}
    after = json.loads(checkpoint.read_text(encoding="utf-8"))["checkpoint"]["latest"]["resources"]
    key = "urn"
    assert sorted(after, key=lambda item: str(item[key])) == sorted(resources, key=lambda item: str(item[key]))
    outputs = stack.outputs()
    assert set(outputs) == {"delivery", *FLAT}
    jsonschema.validate(outputs["delivery"], json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_a_preview_says_what_would_happen_and_does_none_of_it(stack: Stack) -> None:
    stack.configure(logRetentionDays=7)
    before = stack.workshop.checkpoint(STACK, "slipway").read_bytes()
    outcome = stack.workshop.operations(STACK, preview=True).preview()
    assert (outcome[Step.UPDATE], outcome[Step.CREATE], outcome[Step.DELETE]) == (1, 0, 0)
    assert outcome.writing_calls == {}
    assert stack.workshop.checkpoint(STACK, "slipway").read_bytes() == before


def test_a_changed_setting_changes_only_what_it_is_about(stack: Stack) -> None:
    stack.configure(logRetentionDays=7)
    outcome = stack.up()
    assert outcome.writing_calls == {"PutRetentionPolicy": 1}
    assert (outcome[Step.UPDATE], outcome[Step.REPLACE]) == (1, 0)
    (group,) = stack.cloud.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7


def test_an_update_does_not_revert_a_release(stack: Stack) -> None:
    ecs = stack.cloud.client("ecs")
    base = stack.outputs()["delivery"]["services"]["backend"]["task_definition"]
    released = ecs.register_task_definition(
        family="qa-chatbot-local-backend",
        containerDefinitions=[{"name": "app", "image": "example/app@sha256:1", "memory": 128}],
    )["taskDefinition"]["taskDefinitionArn"]
    service = stack.service()
    ecs.update_service(cluster=service["clusterArn"], service=service["serviceArn"], taskDefinition=released)

    stack.configure(services={"backend": {"memory": 1024}})
    outcome = stack.up()

    assert stack.service()["taskDefinition"] == released
    # The next release finds the new size in the revision the infrastructure owns.
    newer = stack.outputs()["delivery"]["services"]["backend"]["task_definition"]
    assert newer != base
    assert ecs.describe_task_definition(taskDefinition=newer)["taskDefinition"]["memory"] == "1024"
    assert outcome.writing_calls == {"RegisterTaskDefinition": 1, "DeregisterTaskDefinition": 1}
    ecs.deregister_task_definition(taskDefinition=released)


def test_a_changed_tag_reaches_everything_that_has_tags(stack: Stack) -> None:
    stack.configure(environment="staging")
    outcome = stack.up()
    # The emulator cannot change GitHub's provider, so that one is made again.
    taggable = sum(takes_tags(resource.type) for resource in record(STACK).resources)
    assert (outcome[Step.UPDATE], outcome[Step.REPLACE]) == (taggable - 1, 1)
    assert stack.up().writing_calls == {}
    service = stack.service()
    ecs, s3, logs = (stack.cloud.client(name) for name in ("ecs", "s3", "logs"))
    found = [
        {tag["key"]: tag["value"] for tag in ecs.list_tags_for_resource(resourceArn=service["serviceArn"])["tags"]},
        {
            tag["Key"]: tag["Value"]
            for tag in s3.get_bucket_tagging(Bucket=stack.outputs()["frontend_bucket_name"])["TagSet"]
        },
        logs.list_tags_log_group(logGroupName="/ecs/qa-chatbot-local/backend")["tags"],
    ]
    assert [tags["environment"] for tags in found] == ["staging"] * 3


def test_the_number_of_tasks_is_the_infrastructures(stack: Stack) -> None:
    stack.configure(services={"backend": {"count": 3}})
    assert stack.up().writing_calls == {"UpdateService": 1}
    assert stack.service()["desiredCount"] == 3


def test_what_is_gone_from_the_cloud_is_made_again(stack: Stack) -> None:
    name = "qa-chatbot-local-alb-5xx"
    stack.cloud.client("cloudwatch").delete_alarms(AlarmNames=[name])
    outcome = stack.up()
    assert outcome.writing_calls == {"PutMetricAlarm": 1}
    assert "is gone from the cloud" in stack.workshop.text
    assert stack.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]


def test_a_destroyed_site_takes_its_old_versions_with_it(stack: Stack) -> None:
    # The destroy at the end fails if anything of this is left.
    s3 = stack.cloud.client("s3")
    bucket = stack.outputs()["frontend_bucket_name"]
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="index.html", Body=body)
    s3.put_object(Bucket=bucket, Key="old.html", Body=b"three")
    s3.delete_object(Bucket=bucket, Key="old.html")
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 3
