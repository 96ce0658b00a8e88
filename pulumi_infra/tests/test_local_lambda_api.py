"""A function and its API on the local cloud: made, left alone, asked, changed, released over, gone."""

from __future__ import annotations

import json
import typing as t
import urllib.error
import urllib.request

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.lambda_api import LambdaApi, LambdaApiArgs
from components.lambda_function import LambdaFunctionArgs, Vpc
from components.rest_api import ApiDomain, Interface
from components.roles import FunctionRole, FunctionRoleArgs
from components.runtime_policies import function_statements, parameter_statement

role = FunctionRole(
    names("chat-role"),
    FunctionRoleArgs(
        names=names,
        function="chat",
        statements=[
            *function_statements(arns, function_name=names("chat"), log_group="/aws/lambda/try-chat", vpc=True),
            parameter_statement(arns, ["/chatbot/prod/llm-key"]),
        ],
    ),
)
{before}
function = dict(
    names=names,
    function="chat",
    image="000000000000.dkr.ecr.ap-northeast-1.amazonaws.com/try/chat:1",
    role_arn=role.arn,
    parameters=dict(LLM_KEY="/chatbot/prod/llm-key"),
)
function.update({function})
interface = dict(routes=["POST /chat"], allowed_origins=["https://course.example.com"])
interface.update({interface})
whole = LambdaApi(
    names("chat"), LambdaApiArgs(function=LambdaFunctionArgs(**function), interface=Interface(**interface))
)
pulumi.export("url", whole.api.url)
pulumi.export("api", whole.api.id)
pulumi.export("domain", whole.api.domain_target)
"""
VPC = """
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("private", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone="ap-northeast-1a")
"""
CERTIFICATE = "arn:aws:acm:ap-northeast-1:000000000000:certificate/11111111-2222-3333-4444-111122223333"


def program(function: str = "dict()", interface: str = "dict()", before: str = "", **more: t.Any) -> str:
    return source(BODY.format(function=function, interface=interface, before=before), **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def outputs(workshop: Workshop) -> dict[str, t.Any]:
    return workshop.operations().outputs()


def configuration(workshop: Workshop, qualifier: str = "$LATEST") -> dict[str, t.Any]:
    functions = workshop.cloud.client("lambda")
    found: dict[str, t.Any] = functions.get_function_configuration(FunctionName="try-chat", Qualifier=qualifier)
    return found


def preflight(url: str, origin: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(
        f"{url}/chat", method="OPTIONS", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}


def test_an_api_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 28}
    found = configuration(workshop)
    assert (found["MemorySize"], found["Timeout"], found["PackageType"]) == (1024, 300, "Image")
    assert found["ImageConfigResponse"]["ImageConfig"]["Command"] == ["main.lambda_handler"]
    assert found["Environment"]["Variables"] == {
        "ALLOWED_ORIGINS": "https://course.example.com",
        "LLM_KEY": "/chatbot/prod/llm-key",
    }
    functions = workshop.cloud.client("lambda")
    assert functions.get_alias(FunctionName="try-chat", Name="live")["FunctionVersion"] == "1"
    (statement,) = json.loads(functions.get_policy(FunctionName="try-chat", Qualifier="live")["Policy"])["Statement"]
    api = outputs(workshop)["api"]
    execute = f"arn:aws:execute-api:ap-northeast-1:000000000000:{api}/live/POST/chat"
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == execute
    assert statement["Resource"].endswith(":function:try-chat:live")
    stage = workshop.cloud.client("apigateway").get_stage(restApiId=api, stageName="live")
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 20
    assert stage["accessLogSettings"]["destinationArn"].endswith("/apigateway/try/chat-api")
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_nothing_is_deployed_before_it_is_whole(workshop: Workshop) -> None:
    up(workshop, program())
    document = json.loads(workshop.checkpoint().read_text(encoding="utf-8"))
    resources = document["checkpoint"]["latest"]["resources"]
    (deployment,) = [item for item in resources if item["type"] == "aws:apigateway/deployment:Deployment"]
    waited_for = {urn.rpartition("::")[2] for urn in deployment["dependencies"]}
    # AWS refuses an API without methods, and puts into effect only what is there at that moment.
    assert {"try-chat-api-post-chat", "try-chat-api-options-chat", "try-chat-api-default-4xx"} <= waited_for


ALIAS = """
function = aws.lambda_.Function(
    "f", package_type="Image", image_uri="try/f:1", role="arn:aws:iam::000000000000:role/r", publish=True,
    memory_size={memory},
)
aws.lambda_.Alias(
    "live", name="live", function_name=function.name, function_version="{version}", description="{description}",
    {more}
)
pulumi.export("name", function.name)
"""


def test_an_alias_that_nobody_releases_is_moved(workshop: Workshop) -> None:
    def alias(memory: int, version: str, description: str = "", more: str = "") -> dict[str, t.Any]:
        body = ALIAS.format(memory=memory, version=version, description=description, more=more)
        up(workshop, source(body))
        assert up(workshop, source(body)).writing_calls == {}
        where = {"FunctionName": outputs(workshop)["name"], "Name": "live"}
        return t.cast("dict[str, t.Any]", workshop.cloud.client("lambda").get_alias(**where))

    assert alias(128, "1")["FunctionVersion"] == "1"
    assert alias(256, "2")["FunctionVersion"] == "2"
    shared = alias(256, "2", "canary", 'routing_config={"additional_version_weights": {"1": 0.1}}')
    assert (shared["Description"], shared["RoutingConfig"]["AdditionalVersionWeights"]) == ("canary", {"1": 0.1})
    assert "RoutingConfig" not in alias(256, "2")
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_browser_is_answered(workshop: Workshop) -> None:
    up(workshop, program())
    status, headers = preflight(outputs(workshop)["url"], "https://course.example.com")
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://course.example.com"
    assert headers["access-control-allow-methods"] == "POST,OPTIONS"
    assert headers["access-control-allow-headers"] == "content-type"
    assert headers["vary"] == "Origin"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{outputs(workshop)['url']}/other", timeout=10)
    assert refused.value.code in (403, 404)


def test_a_release_is_not_taken_back_and_gets_what_changed(workshop: Workshop) -> None:
    up(workshop, program())
    functions = workshop.cloud.client("lambda")
    released = functions.update_function_code(
        FunctionName="try-chat",
        ImageUri="000000000000.dkr.ecr.ap-northeast-1.amazonaws.com/try/chat@sha256:" + "a" * 64,
        Publish=True,
    )["Version"]
    functions.update_alias(FunctionName="try-chat", Name="live", FunctionVersion=released)
    assert up(workshop, program()).writing_calls == {}
    # Not even when the program names another image: that one is only for the very first time.
    assert up(workshop, program(function="dict(image='try/chat:2')")).writing_calls == {}

    outcome = up(workshop, program(function="dict(memory=2048, environment=dict(LANGUAGE='ja'))"))

    assert outcome.writing_calls == {"UpdateFunctionConfiguration": 1, "PublishVersion": 1}
    assert functions.get_alias(FunctionName="try-chat", Name="live")["FunctionVersion"] == released
    # What callers get is what it was; the next release is published on top of the change.
    assert configuration(workshop, released)["MemorySize"] == 1024
    latest = configuration(workshop)
    assert (latest["MemorySize"], latest["Environment"]["Variables"]["LANGUAGE"]) == (2048, "ja")
    image = functions.get_function(FunctionName="try-chat")["Code"]["ImageUri"]
    assert image.endswith("a" * 64)


def test_routes_change_behind_a_stage_that_stays(workshop: Workshop) -> None:
    up(workshop, program())
    apis, api = workshop.cloud.client("apigateway"), outputs(workshop)["api"]
    before = apis.get_stage(restApiId=api, stageName="live")["deploymentId"]
    more = "dict(routes=['POST /chat', 'GET /v1/health'], requests_per_second=5)"
    outcome = up(workshop, program(interface=more))
    # Two paths, two methods with all that belongs to them, and a deployment in the place of the old one.
    assert outcome.counts and steps(outcome)["replace"] == 1
    assert outcome.writing_calls["CreateDeployment"] == outcome.writing_calls["DeleteDeployment"] == 1
    after = apis.get_stage(restApiId=api, stageName="live")
    assert after["deploymentId"] != before
    assert after["methodSettings"]["*/*"]["throttlingRateLimit"] == 5
    assert outputs(workshop)["api"] == api
    assert up(workshop, program(interface=more)).writing_calls == {}
    up(workshop, program())
    paths = {item["path"] for item in apis.get_resources(restApiId=api)["items"]}
    assert paths == {"/", "/chat"}


def test_other_origins_are_answered_the_next_time(workshop: Workshop) -> None:
    up(workshop, program())
    up(workshop, program(interface="dict(allowed_origins=['http://localhost:3000'])"))
    _status, headers = preflight(outputs(workshop)["url"], "http://localhost:3000")
    assert headers["access-control-allow-origin"] == "http://localhost:3000"
    functions = workshop.cloud.client("lambda")
    variables = functions.get_function_configuration(FunctionName="try-chat")["Environment"]["Variables"]
    assert variables["ALLOWED_ORIGINS"] == "http://localhost:3000"
    # With a second origin the header is the template's to set, which the emulator does not follow.
    both = "dict(allowed_origins=['http://localhost:3000', 'https://course.example.com'])"
    up(workshop, program(interface=both))
    assert up(workshop, program(interface=both)).writing_calls == {}


def test_all_that_can_be_asked_for(workshop: Workshop) -> None:
    function = (
        "dict(vpc=Vpc(vpc_id=vpc.id, subnet_ids=[subnet.id]), reserved_concurrency=9, provisioned_concurrency=2,"
        " on_failure_arn='arn:aws:sqs:ap-northeast-1:000000000000:failed', tracing=True, architecture='arm64')"
    )
    domain = f"ApiDomain(name='api.example.com', certificate_arn={CERTIFICATE!r})"
    interface = f"dict(domain={domain}, domain_only=True, tracing=True)"
    whole = program(function, interface, VPC)
    up(workshop, whole)
    functions, apis = workshop.cloud.client("lambda"), workshop.cloud.client("apigateway")
    where = {"FunctionName": "try-chat", "Qualifier": "live"}
    assert functions.get_provisioned_concurrency_config(**where)["RequestedProvisionedConcurrentExecutions"] == 2
    failed = functions.get_function_event_invoke_config(**where)["DestinationConfig"]["OnFailure"]["Destination"]
    assert failed.endswith(":failed")
    assert functions.get_function_concurrency(FunctionName="try-chat")["ReservedConcurrentExecutions"] == 9
    found = configuration(workshop)
    assert len(found["VpcConfig"]["SubnetIds"]) == 1
    assert (found["TracingConfig"]["Mode"], found["Architectures"]) == ("Active", ["arm64"])
    assert outputs(workshop)["url"] == "https://api.example.com"
    assert outputs(workshop)["domain"] == apis.get_domain_name(domainName="api.example.com")["regionalDomainName"]
    assert apis.get_base_path_mapping(domainName="api.example.com", basePath="(none)")["stage"] == "live"
    assert apis.get_rest_api(restApiId=outputs(workshop)["api"])["disableExecuteApiEndpoint"] is True
    assert up(workshop, whole).writing_calls == {}
    # And taken away again, with the network it was in.
    up(workshop, program(before=VPC))
    assert configuration(workshop)["VpcConfig"]["SubnetIds"] == []
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName="try-chat")
    assert configuration(workshop)["TracingConfig"]["Mode"] == "PassThrough"
    assert up(workshop, program(before=VPC)).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_another_function_name_moves_everything(workshop: Workshop) -> None:
    up(workshop, program())
    outcome = up(workshop, program(function="dict(function='talk')"))
    assert outcome.counts
    names = {item["FunctionName"] for item in workshop.cloud.client("lambda").list_functions()["Functions"]}
    assert names == {"try-talk"}
    assert len(workshop.cloud.client("apigateway").get_rest_apis()["items"]) == 1
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_tags_reach_what_has_them(workshop: Workshop) -> None:
    up(workshop, program())
    assert steps(up(workshop, program(tags={"user": "heir"}))) == {"update": 7}
    functions, apis = workshop.cloud.client("lambda"), workshop.cloud.client("apigateway")
    arn = functions.get_function(FunctionName="try-chat")["Configuration"]["FunctionArn"]
    assert functions.list_tags(Resource=arn)["Tags"] == {"user": "heir"}
    api = outputs(workshop)["api"]
    for path in (f"/restapis/{api}", f"/restapis/{api}/stages/live"):
        found = apis.get_tags(resourceArn=f"arn:aws:apigateway:ap-northeast-1::{path}")["tags"]
        assert found == {"user": "heir"}, path


def test_a_function_that_is_no_image_is_refused(workshop: Workshop) -> None:
    workshop.write_program(source('aws.lambda_.Function("f", role="r", runtime="python3.12", handler="a.b")\n'))
    with pytest.raises(LocalEngineError, match="sets handler, runtime, which the local engine does not know"):
        workshop.operations().up()
    workshop.write_program(source('aws.lambda_.Function("f", role="r", package_type="Zip")\n'))
    with pytest.raises(LocalEngineError, match="'f' is not an image"):
        workshop.operations().up()
