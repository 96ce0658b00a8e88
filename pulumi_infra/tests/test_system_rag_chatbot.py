"""System 5 as its team describes it, with the policy that failed written right, and with what they had still to do."""

from __future__ import annotations

import json

import pytest

from tests.recorded_program import Program, record


@pytest.fixture(scope="module", params=["rag-chatbot-dev", "rag-chatbot-local", "rag-chatbot-prod"])
def each(request: pytest.FixtureRequest) -> Program:
    return record(request.param)


@pytest.fixture(scope="module")
def prod() -> Program:
    return record("rag-chatbot-prod")


def test_the_task_is_told_where_its_source_is_and_waits_long_enough(each: Program) -> None:
    definition = each.one("aws:ecs/taskDefinition:TaskDefinition").inputs
    assert (definition["cpu"], definition["memory"]) == ("512", "1024")
    (container,) = json.loads(definition["containerDefinitions"])
    environment = {item["name"]: item["value"] for item in container["environment"]}
    assert environment["SOURCE_BUCKET"] == each.outputs["source_bucket_name"]
    assert environment["LANGUAGES"] == "en,ja"
    assert "s3://$SOURCE_BUCKET/$SOURCE_BUNDLE" in container["command"][-1]
    assert each.one("aws:ecs/service:Service").inputs["healthCheckGracePeriodSeconds"] == 600
    assert each.one("aws:lb/targetGroup:TargetGroup").inputs["healthCheck"]["interval"] == 90


def test_objects_are_allowed_as_objects_and_the_list_on_the_bucket(each: Program) -> None:
    """The statement that cost a team 13 minutes named the bucket where it had to name what is in it."""
    bucket = f"arn:aws:s3:ap-northeast-1:123456789012:{each.stack}-source"
    statements = {statement["Sid"]: statement for statement in each.policy("chat-task")}
    assert statements["Objects"]["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert statements["Objects"]["Resource"] == [f"{bucket}/*"]
    assert (statements["ListObjects"]["Action"], statements["ListObjects"]["Resource"]) == (["s3:ListBucket"], [bucket])


def test_the_source_is_published_by_a_release(each: Program) -> None:
    delivery = each.outputs["delivery"]
    assert delivery["sites"] == {"source": {"bucket": each.outputs["source_bucket_name"]}}
    (publishing,) = [s for s in each.policy("deploy") if s["Sid"] == "PublishSitesAndRestoreThem"]
    assert [arn.rpartition(":")[2] for arn in publishing["Resource"]] == [f"{each.stack}-source/*"]


def test_secrets_are_in_secrets_manager(each: Program) -> None:
    (container,) = json.loads(each.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    keys = {item["name"]: item["valueFrom"].split(":")[-3] for item in container["secrets"]}
    assert keys == {"LLM_API_KEY": "llm_api_key", "VECTOR_STORE_API_KEY": "vector_store_api_key"}


def test_tasks_are_in_private_subnets_with_a_way_out(each: Program) -> None:
    network = each.one("aws:ecs/service:Service").inputs["networkConfiguration"]
    assert network["assignPublicIp"] is False
    assert all("-private-" in subnet for subnet in network["subnets"])
    assert each.of("aws:ec2/natGateway:NatGateway")


def test_what_they_had_still_to_do_is_on_in_prod(prod: Program) -> None:
    assert {listener.inputs["port"] for listener in prod.of("aws:lb/listener:Listener")} == {80, 443}
    assert prod.outputs["delivery"]["endpoints"] == {"public": "https://rag.example.com"}
    target = prod.one("aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)
    (selection,) = prod.of("aws:backup/selection:Selection")
    assert [arn.rpartition(":")[2] for arn in selection.inputs["resources"]] == ["rag-chatbot-prod-source"]
