"""System 3 as its team describes it, and with what they had still to do."""

from __future__ import annotations

import json

import pytest

from tests.invented import PREFIX_LIST
from tests.recorded_program import Program, record

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
FUNCTION = "aws:lambda/function:Function"
SERVICE = "aws:ecs/service:Service"
PARAMETERS = {
    "VECTOR_STORE_KEY_PARAMETER": "/chatbot/{}/vector-store-key",
    "INDEX_NAME_PARAMETER": "/chatbot/{}/index-name",
    "LLM_KEY_PARAMETER": "/chatbot/{}/llm-key",
}


@pytest.fixture(scope="module")
def dev() -> Program:
    return record("course-chatbot-dev")


@pytest.fixture(scope="module")
def prod() -> Program:
    return record("course-chatbot-prod")


def test_the_function_is_an_image_with_the_names_of_its_secrets(dev: Program) -> None:
    function = dev.one(FUNCTION).inputs
    assert (function["packageType"], function["imageConfig"]) == ("Image", {"commands": ["main.lambda_handler"]})
    assert (function["memorySize"], function["timeout"]) == (1024, 300)
    variables = function["environment"]["variables"]
    assert {name: variables[name] for name in PARAMETERS} == {
        name: path.format("dev") for name, path in PARAMETERS.items()
    }
    assert set(variables) == {*PARAMETERS, "ALLOWED_ORIGINS"}


def test_the_function_reads_those_parameters_and_nothing_else(dev: Program) -> None:
    statements = {item["Sid"]: item for item in dev.policy("chat-function")}
    assert set(statements) == {"WriteTheLog", "ReadTheParameters"}
    assert statements["ReadTheParameters"]["Resource"] == [
        f"arn:aws:ssm:ap-northeast-1:123456789012:parameter{path.format('dev')}" for path in PARAMETERS.values()
    ]


def test_the_api_has_one_route_and_answers_a_browser_that_asks(dev: Program) -> None:
    methods = {method.inputs["httpMethod"] for method in dev.of("aws:apigateway/method:Method")}
    assert methods == {"POST", "OPTIONS"}
    assert [item.inputs["pathPart"] for item in dev.of("aws:apigateway/resource:Resource")] == ["chat"]
    variables = dev.one(FUNCTION).inputs["environment"]["variables"]
    assert variables["ALLOWED_ORIGINS"] == "https://dev.courses.example.com,http://localhost:3000"


def test_prod_answers_its_own_page_only(prod: Program) -> None:
    answer = prod.one("aws:apigateway/integrationResponse:IntegrationResponse").inputs["responseParameters"]
    assert answer["method.response.header.Access-Control-Allow-Origin"] == "'https://courses.example.com'"


def test_dev_is_one_machine_with_one_task_and_no_room_for_a_second(dev: Program) -> None:
    group = dev.one("aws:autoscaling/group:Group").inputs
    assert (group["minSize"], group["maxSize"]) == (1, 1)
    service = dev.one(SERVICE).inputs
    # The old task has to go before the new one finds its port.
    assert (service["deploymentMinimumHealthyPercent"], service["deploymentMaximumPercent"]) == (0, 100)
    assert "loadBalancers" not in service
    (container,) = json.loads(dev.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    assert container["portMappings"] == [{"containerPort": 3000, "protocol": "tcp", "hostPort": 3000}]
    (rule,) = [item.inputs for item in dev.of(INGRESS) if item.inputs["fromPort"] == 3000]
    assert rule["prefixListId"] == PREFIX_LIST
    assert len(dev.of("aws:ec2/eip:Eip")) == 1


def test_prod_is_balanced_scales_and_is_reached_through_the_cdn_only(prod: Program) -> None:
    group = prod.one("aws:autoscaling/group:Group").inputs
    assert (group["minSize"], group["maxSize"]) == (1, 3)
    assert all("-private-" in subnet for subnet in group["vpcZoneIdentifiers"])
    target = prod.one("aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)
    (balancer,) = prod.of("aws:lb/loadBalancer:LoadBalancer")
    rules = [r.inputs for r in prod.of(INGRESS) if r.inputs["securityGroupId"] in balancer.inputs["securityGroups"]]
    assert [rule.get("prefixListId") for rule in rules] == [PREFIX_LIST]
    assert prod.one(SERVICE).inputs["deploymentMinimumHealthyPercent"] == 100


def test_prod_has_a_firewall_before_its_api(prod: Program) -> None:
    association = prod.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs
    assert association["resourceArn"].endswith("live")
    assert prod.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")


def test_prods_function_is_in_the_network(prod: Program) -> None:
    network = prod.one(FUNCTION).inputs["vpcConfig"]
    assert len(network["subnetIds"]) == 2
    assert all("-private-" in subnet for subnet in network["subnetIds"])


def test_prod_has_names_of_its_own_with_tls(prod: Program) -> None:
    names = {item.inputs["name"] for item in prod.of("aws:route53/record:Record") if item.inputs["type"] == "A"}
    assert names == {"courses.example.com", "api.courses.example.com"}
    certificates = {
        item.inputs["domainName"]: item.inputs.get("region") for item in prod.of("aws:acm/certificate:Certificate")
    }
    assert certificates == {"courses.example.com": "us-east-1", "api.courses.example.com": None}
    assert prod.one("aws:apigateway/restApi:RestApi").inputs["disableExecuteApiEndpoint"] is True
    assert prod.outputs["delivery"]["endpoints"] == {
        "public": "https://courses.example.com",
        "api": "https://api.courses.example.com",
    }


def test_the_function_the_api_and_the_front_end_are_watched(prod: Program) -> None:
    metrics = {alarm.inputs["metricName"] for alarm in prod.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert metrics >= {"Errors", "Throttles", "Duration", "5XXError", "Latency", "CPUUtilization", "MemoryUtilization"}


def test_the_release_finds_the_function_by_its_alias(dev: Program) -> None:
    function = dev.outputs["delivery"]["functions"]["chat"]
    assert function == {
        "name": "course-chatbot-dev-chat",
        "alias": "live",
        "image": "chat",
        "log_group": "/aws/lambda/course-chatbot-dev-chat",
    }


def test_the_first_up_can_leave_the_function_out() -> None:
    program = record("course-chatbot-dev", {"slipway:function": "false"})
    assert program.of(FUNCTION) == program.of("aws:apigateway/restApi:RestApi") == []
    assert program.outputs["delivery"]["functions"] == {}
    assert set(program.outputs["delivery"]["repositories"]) == {"chat", "frontend"}


def test_lambda_may_pull_the_functions_image_and_no_other(dev: Program) -> None:
    policy = dev.one("aws:ecr/repositoryPolicy:RepositoryPolicy")
    assert policy.name.endswith("-chat")


def test_without_a_cdn_only_named_addresses_reach_the_machine() -> None:
    given = {"slipway:cdn": "false", "slipway:allowedCidrs": '["203.0.113.7/32"]'}
    program = record("course-chatbot-dev", given)
    rules = [item.inputs for item in program.of(INGRESS) if item.inputs["fromPort"] == 3000]
    assert [rule["cidrIpv4"] for rule in rules] == ["203.0.113.7/32"]
    assert program.outputs["delivery"]["endpoints"]["public"].endswith(".compute.amazonaws.com:3000")
