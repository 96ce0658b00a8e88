"""A function that answers HTTP: what is made for it, and what is refused."""

from __future__ import annotations

import json
import typing as t

import pytest
from components.lambda_api import LambdaApi, LambdaApiArgs
from components.lambda_function import LambdaFunction, LambdaFunctionArgs, Vpc
from components.rest_api import ApiDomain, Interface, origin_template

from tests.parts import NAMES, STACK, misnamed, record
from tests.recorded_program import ACCOUNT, REGION, Program
from tests.tags import untagged

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
METHOD = "aws:apigateway/method:Method"
STAGE = "aws:apigateway/stage:Stage"
PAGE = "https://course.example.com"
PARAMETERS = {"LLM_KEY": "/chatbot/prod/llm-key", "INDEX_NAME": "/chatbot/prod/index"}


def function_args(**changes: t.Any) -> LambdaFunctionArgs:
    given = {
        "names": NAMES,
        "function": "chat",
        "image": "registry/chat:1",
        "role_arn": "arn:role",
        "parameters": PARAMETERS,
    }
    return LambdaFunctionArgs(**{**given, **changes})


def interface(**changes: t.Any) -> Interface:
    return Interface(**{"routes": ["POST /chat"], "allowed_origins": [PAGE], **changes})


def made(function: dict[str, t.Any] | None = None, **changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        args = LambdaApiArgs(function=function_args(**(function or {})), interface=interface(**changes))
        whole = LambdaApi(NAMES("chat-api"), args)
        return {"url": whole.api.url, "stage": whole.api.stage_arn, "log": whole.function.log_group_name}

    return record(build)


@pytest.fixture(scope="module")
def program() -> Program:
    return made()


def test_the_function_is_the_one_the_system_asks_for(program: Program) -> None:
    inputs = program.one(FUNCTION).inputs
    assert (inputs["packageType"], inputs["imageConfig"]) == ("Image", {"commands": ["main.lambda_handler"]})
    assert (inputs["memorySize"], inputs["timeout"], inputs["architectures"]) == (1024, 300, ["x86_64"])
    assert inputs["name"] == f"{STACK}-chat"
    assert "vpcConfig" not in inputs
    assert "reservedConcurrentExecutions" not in inputs


def test_the_environment_has_names_of_secrets_and_no_secret(program: Program) -> None:
    variables = program.one(FUNCTION).inputs["environment"]["variables"]
    assert variables == {**PARAMETERS, "ALLOWED_ORIGINS": PAGE}


def test_callers_use_an_alias_that_starts_on_a_version(program: Program) -> None:
    alias = program.one("aws:lambda/alias:Alias").inputs
    assert program.one(FUNCTION).inputs["publish"] is True
    assert (alias["name"], alias["functionVersion"]) == ("live", "1")
    integration = program.one("aws:apigateway/integration:Integration", "post-chat").inputs
    assert (integration["type"], integration["integrationHttpMethod"]) == ("AWS_PROXY", "POST")
    assert integration["uri"] == f"invoke/{STACK}-chat-live"
    assert integration["timeoutMilliseconds"] == 29_000


def test_only_this_route_of_this_api_invokes_only_the_alias(program: Program) -> None:
    permission = program.one(PERMISSION).inputs
    assert permission["sourceArn"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{STACK}-chat-api/live/POST/chat"
    assert (permission["qualifier"], permission["principal"]) == ("live", "apigateway.amazonaws.com")
    assert (permission["function"], permission["action"]) == (f"{STACK}-chat", "lambda:InvokeFunction")


def test_a_browser_that_asks_is_answered_without_the_function(program: Program) -> None:
    mock = program.one("aws:apigateway/integration:Integration", "options-chat").inputs
    assert (mock["type"], mock["requestTemplates"]) == ("MOCK", {"application/json": '{"statusCode": 204}'})
    answer = program.one("aws:apigateway/integrationResponse:IntegrationResponse").inputs
    assert (answer["statusCode"], answer["responseTemplates"]) == ("204", {})
    assert answer["responseParameters"] == {
        "method.response.header.Access-Control-Allow-Headers": "'content-type'",
        "method.response.header.Access-Control-Allow-Methods": "'POST,OPTIONS'",
        "method.response.header.Access-Control-Allow-Origin": f"'{PAGE}'",
        "method.response.header.Access-Control-Max-Age": "'600'",
        "method.response.header.Vary": "'Origin'",
    }
    declared = program.one("aws:apigateway/methodResponse:MethodResponse").inputs["responseParameters"]
    assert set(declared) == set(answer["responseParameters"])
    errors = program.of("aws:apigateway/response:Response")
    assert {item.inputs["responseType"] for item in errors} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    assert all(item.inputs["responseParameters"] == {header: f"'{PAGE}'"} for item in errors)


def test_of_several_origins_each_is_answered_its_own() -> None:
    other = "http://localhost:3000"
    program = made(allowed_origins=[PAGE, other])
    answer = program.one("aws:apigateway/integrationResponse:IntegrationResponse").inputs
    allow = "method.response.header.Access-Control-Allow-Origin"
    assert allow not in answer["responseParameters"]
    assert answer["responseTemplates"] == {"application/json": origin_template([PAGE, other])}
    assert allow in program.one("aws:apigateway/methodResponse:MethodResponse").inputs["responseParameters"]
    assert program.of("aws:apigateway/response:Response") == []
    assert program.one(FUNCTION).inputs["environment"]["variables"]["ALLOWED_ORIGINS"] == f"{PAGE},{other}"


def test_the_template_names_an_origin_only_if_it_is_known() -> None:
    template = origin_template([PAGE, "https://b.example.com"])
    condition = f'#if($origin == "{PAGE}" || $origin == "https://b.example.com")'
    assert f"{condition}#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end" in template


def test_the_stage_writes_who_called_and_refuses_too_many(program: Program) -> None:
    stage = program.one(STAGE).inputs
    log = program.one("aws:cloudwatch/logGroup:LogGroup", "chat-api-access").inputs
    assert (log["name"], log["retentionInDays"]) == (f"/apigateway/{STACK}/chat-api", 30)
    assert stage["accessLogSettings"]["destinationArn"].endswith("chat-api-access")
    assert set(json.loads(stage["accessLogSettings"]["format"])) >= {"requestId", "ip", "status", "integrationError"}
    settings = program.one("aws:apigateway/methodSettings:MethodSettings").inputs
    assert settings["methodPath"] == "*/*"
    assert settings["settings"] == {
        "metricsEnabled": True,
        "loggingLevel": "ERROR",
        "dataTraceEnabled": False,
        "throttlingRateLimit": 20,
        "throttlingBurstLimit": 40,
    }


def test_an_account_that_has_a_role_for_logs_is_given_no_second_one(program: Program) -> None:
    assert len(program.of("aws:apigateway/account:Account")) == 1
    other = made(create_account_logging=False)
    assert other.of("aws:apigateway/account:Account") == []
    assert other.of("aws:iam/role:Role") == []


def test_each_change_of_the_routes_is_deployed(program: Program) -> None:
    kind = "aws:apigateway/deployment:Deployment"
    before = program.one(kind).inputs["triggers"]
    assert made().one(kind).inputs["triggers"] == before
    for changes in (
        {"routes": ["POST /chat", "GET /health"]},
        {"allowed_origins": ["https://b.example.com"]},
        {"allowed_headers": ["content-type", "x-session"]},
        {"answer_within_seconds": 10},
        {"preflight_seconds": 5},
    ):
        assert made(**changes).one(kind).inputs["triggers"] != before, changes
    # How many may call is a setting of the stage, which needs no deployment.
    assert made(requests_per_second=5).one(kind).inputs["triggers"] == before


def test_paths_share_what_is_above_them() -> None:
    program = made(routes=["POST /v1/chat", "GET /v1/chat", "GET /v1/health"])
    paths = {item.name.removeprefix(f"{STACK}-chat-api-") for item in program.of("aws:apigateway/resource:Resource")}
    assert paths == {"v1", "v1-chat", "v1-health"}
    assert {item.inputs["httpMethod"] for item in program.of(METHOD)} == {"GET", "POST", "OPTIONS"}
    assert len(program.of(METHOD)) == 5
    answer = program.one("aws:apigateway/integrationResponse:IntegrationResponse", "options-v1-chat").inputs
    assert answer["responseParameters"]["method.response.header.Access-Control-Allow-Methods"] == "'GET,POST,OPTIONS'"
    assert len(program.of(PERMISSION)) == 3


def test_a_name_of_ones_own() -> None:
    domain = ApiDomain(name="api.example.com", certificate_arn="arn:certificate")
    program = made(domain=domain, domain_only=True)
    name = program.one("aws:apigateway/domainName:DomainName").inputs
    assert (name["regionalCertificateArn"], name["securityPolicy"]) == ("arn:certificate", "TLS_1_2")
    assert name["endpointConfiguration"] == {"types": "REGIONAL"}
    mapping = program.one("aws:apigateway/basePathMapping:BasePathMapping").inputs
    assert (mapping["domainName"], mapping["stageName"]) == ("api.example.com", "live")
    assert program.one("aws:apigateway/restApi:RestApi").inputs["disableExecuteApiEndpoint"] is True
    assert program.outputs["url"] == "https://api.example.com"
    assert made().one("aws:apigateway/restApi:RestApi").inputs["disableExecuteApiEndpoint"] is False


def test_in_a_vpc_nothing_connects_to_the_function() -> None:
    program = made(function={"vpc": Vpc(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"])})
    assert program.one(FUNCTION).inputs["vpcConfig"] == {
        "subnetIds": ["subnet-1", "subnet-2"],
        "securityGroupIds": [f"{STACK}-chat-id"],
    }
    assert program.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") == []
    out = program.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").inputs
    assert (out["ipProtocol"], out["fromPort"], out["toPort"]) == ("tcp", 443, 443)


def test_what_failed_and_what_is_kept_warm_belong_to_the_alias() -> None:
    program = made(function={"on_failure_arn": "arn:queue", "provisioned_concurrency": 2, "reserved_concurrency": 9})
    failed = program.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs
    assert (failed["qualifier"], failed["destinationConfig"]) == ("live", {"onFailure": {"destination": "arn:queue"}})
    warm = program.one("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig").inputs
    assert (warm["qualifier"], warm["provisionedConcurrentExecutions"]) == ("live", 2)
    assert program.one(FUNCTION).inputs["reservedConcurrentExecutions"] == 9


def test_logs_do_not_stay_for_ever_and_belong_to_the_function(program: Program) -> None:
    group = program.one("aws:cloudwatch/logGroup:LogGroup", f"{STACK}-chat").inputs
    assert (group["name"], group["retentionInDays"]) == (f"/aws/lambda/{STACK}-chat", 30)
    assert program.one(FUNCTION).inputs["loggingConfig"]["logGroup"] == group["name"]


def test_everything_is_named_and_tagged(program: Program) -> None:
    assert misnamed(program) == []
    assert untagged(program) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"function": "f" * 60}, "longer than the 64 characters", id="name"),
        pytest.param({"memory": 64}, "128 to 10240 MB of memory, not 64", id="memory"),
        pytest.param({"timeout_seconds": 901}, "1 to 900 seconds at the longest, not 901", id="timeout"),
        pytest.param({"provisioned_concurrency": 0}, "leave it out", id="nothing-warm"),
        pytest.param({"reserved_concurrency": 0}, "would answer nothing", id="nothing-reserved"),
        pytest.param(
            {"reserved_concurrency": 1, "provisioned_concurrency": 2}, "2 instances cannot be kept warm", id="both"
        ),
        pytest.param({"environment": {"LLM_KEY": "x"}}, "both in parameters and in environment", id="twice"),
        pytest.param({"environment": {"AWS_REGION": "x"}}, "Lambda sets the variable AWS_REGION", id="reserved"),
        pytest.param({"environment": {"OPENAI_API_KEY": "x"}}, "OPENAI_API_KEY sounds like a secret", id="api-key"),
        pytest.param({"environment": {"db_password": "x"}}, "db_password sounds like a secret", id="password"),
        pytest.param({"parameters": {"LLM": "sk-123"}}, "LLM takes the name of an SSM parameter", id="not-a-name"),
    ],
)
def test_a_function_refuses_what_cannot_work(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        function_args(**changes)
    assert "sk-123" not in str(raised.value)


@pytest.mark.parametrize("variable", ["MAX_TOKENS", "DB_SECRET_ARN", "API_KEY_PARAMETER", "MONKEY", "SECRETARY"])
def test_what_only_sounds_a_little_like_a_secret_is_taken(variable: str) -> None:
    assert function_args(environment={variable: "x"}).environment == {variable: "x"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"routes": []}, "at least one route", id="no-route"),
        pytest.param({"routes": ["/chat"]}, "not a method and a path", id="no-method"),
        pytest.param({"routes": ["POST chat"]}, "not a method and a path", id="no-slash"),
        pytest.param({"routes": ["OPTIONS /chat"]}, "not a method and a path", id="options"),
        pytest.param({"routes": ["POST /chat", "POST /chat"]}, "named twice", id="twice"),
        pytest.param({"allowed_origins": []}, "allowed_origins is empty", id="no-origin"),
        pytest.param({"allowed_origins": ["*"]}, "The origin '\\*' is not exact", id="any-origin"),
        pytest.param({"allowed_origins": ["https://*.example.com"]}, "is not exact", id="pattern"),
        pytest.param({"allowed_origins": ["https://example.com/"]}, "is not exact", id="path"),
        pytest.param({"allowed_origins": ["http://example.com"]}, "is not exact", id="plain-http"),
        pytest.param({"allowed_headers": ["*"]}, "not the name of a header", id="any-header"),
        pytest.param({"domain_only": True}, "without any address", id="no-address"),
        pytest.param({"answer_within_seconds": 301}, "1 to 300 seconds", id="too-long"),
        pytest.param({"burst": 0}, "every request is refused", id="no-burst"),
    ],
)
def test_an_interface_refuses_what_cannot_work(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        interface(**changes)


def test_the_origins_are_said_once() -> None:
    with pytest.raises(ValueError, match="comes from the interface's allowed_origins"):
        LambdaApiArgs(function=function_args(environment={"ALLOWED_ORIGINS": "x"}), interface=interface())


def test_a_vpc_without_subnets_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one subnet"):
        Vpc(vpc_id="vpc-1", subnet_ids=[])


def test_a_function_can_stand_alone() -> None:
    program = record(lambda: {"alias": LambdaFunction(NAMES("chat"), function_args()).alias_arn})
    assert program.of(PERMISSION) == []
    assert program.outputs["alias"].endswith(f"{STACK}-chat-live")
