"""System 2 as its team describes it, and with what they had still to do."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.recorded_program import Program, record

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
RULE = "aws:lb/listenerRule:ListenerRule"
ALLOWED = ["203.0.113.7/32", "203.0.113.8/32"]


@pytest.fixture(scope="module")
def dev() -> Program:
    return record("sales-support-dev")


@pytest.fixture(scope="module")
def prod() -> Program:
    return record("sales-support-prod")


def container(program: Program, service: str) -> dict[str, t.Any]:
    definition = program.one(DEFINITION, f"-{service}")
    first = json.loads(definition.inputs["containerDefinitions"])[0]
    return {**first, "size": (definition.inputs["cpu"], definition.inputs["memory"])}


def secrets(program: Program) -> dict[str, str]:
    return {item["name"]: item["valueFrom"] for item in container(program, "backend")["secrets"]}


@pytest.mark.parametrize(
    ("service", "size", "port"), [("backend", ("512", "1024"), 8000), ("frontend", ("256", "512"), 80)]
)
def test_two_services_of_their_size_and_port(dev: Program, service: str, size: tuple[str, str], port: int) -> None:
    made = container(dev, service)
    assert made["size"] == size
    assert [mapping["containerPort"] for mapping in made["portMappings"]] == [port]
    assert dev.outputs["delivery"]["services"][service]["image"] == service


def test_the_api_and_its_health_go_to_the_backend_and_everything_else_to_the_front_end(dev: Program) -> None:
    rules = {rule.name.rpartition("-")[2]: rule.inputs for rule in dev.of(RULE)}
    paths = {name: rule["conditions"][0]["pathPattern"]["values"] for name, rule in rules.items()}
    assert paths == {"backend": ["/api/*", "/health"], "frontend": ["/*"]}
    assert rules["backend"]["priority"] < rules["frontend"]["priority"]


@pytest.mark.parametrize("stack", ["sales-support-dev", "sales-support-local", "sales-support-prod"])
def test_only_the_given_addresses_reach_the_load_balancer(stack: str) -> None:
    program = record(stack)
    (balancer,) = program.of("aws:lb/loadBalancer:LoadBalancer")
    rules = [r.inputs for r in program.of(INGRESS) if r.inputs["securityGroupId"] in balancer.inputs["securityGroups"]]
    ports = {rule["fromPort"] for rule in rules}
    assert ports == ({80, 443} if stack.endswith("-prod") else {80})
    assert sorted(rule["cidrIpv4"] for rule in rules) == sorted(ALLOWED * len(ports))


def test_a_stack_that_names_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="Nobody may reach the load balancer"):
        record("sales-support-dev", {"slipway:allowedCidrs": "[]"})


def test_repositories_have_a_namespace_and_tags_that_move(dev: Program) -> None:
    repositories = {item.inputs["name"]: item.inputs for item in dev.of("aws:ecr/repository:Repository")}
    assert set(repositories) == {f"example-org/sales-support/{image}" for image in ("backend", "frontend")}
    assert {item["imageTagMutability"] for item in repositories.values()} == {"MUTABLE"}
    # The image that a tag has left is the one to go back to.
    for lifecycle in dev.of("aws:ecr/lifecyclePolicy:LifecyclePolicy"):
        (rule,) = json.loads(lifecycle.inputs["policy"])["rules"]
        assert rule["selection"]["countType"] == "imageCountMoreThan"
        assert rule["selection"]["countNumber"] >= 100


def test_the_operator_may_make_repositories_in_that_namespace(dev: Program) -> None:
    arns = [arn for statement in dev.policy("infra-admin") for arn in statement["Resource"]]
    assert [arn for arn in arns if arn.endswith(":repository/example-org/sales-support/*")]


def test_one_secret_with_several_keys_is_put_into_the_task(dev: Program) -> None:
    (secret,) = dev.of("aws:secretsmanager/secret:Secret")
    arn = f"arn:aws:secretsmanager:ap-northeast-1:123456789012:{secret.name}"
    assert secrets(dev) == {"LLM_API_KEY": f"{arn}:llm_api_key::", "DB_PASSWORD": f"{arn}:db_password::"}
    (reading,) = [s for s in dev.policy("backend-execution") if "secretsmanager:GetSecretValue" in s["Action"]]
    assert reading["Resource"] == [arn]
    # Only the service that has it may read it.
    assert not [s for s in dev.policy("frontend-execution") if "secretsmanager:GetSecretValue" in s["Action"]]


def test_the_two_tags_are_everywhere(dev: Program) -> None:
    tags = dev.one("aws:ecs/service:Service", "-backend").inputs["tags"]
    assert (tags["please_keep_it"], tags["user"]) == ("true", "sales-support-team")


def test_tasks_may_call_aws_for_nothing(dev: Program) -> None:
    names = {policy.name.removeprefix("sales-support-dev-") for policy in dev.of("aws:iam/rolePolicy:RolePolicy")}
    assert {"backend-execution", "frontend-execution"} <= names
    assert not {"backend-task", "frontend-task"} & names


def test_sessions_are_in_memory_in_dev(dev: Program) -> None:
    environment = {item["name"]: item["value"] for item in container(dev, "backend")["environment"]}
    assert environment["SESSION_STORE"] == "memory"
    assert dev.of("aws:rds/cluster:Cluster") == []


def test_sessions_outlive_a_restart_in_prod(prod: Program) -> None:
    environment = {item["name"]: item["value"] for item in container(prod, "backend")["environment"]}
    assert (environment["SESSION_STORE"], environment["DB_PORT"]) == ("postgresql", "5432")
    assert environment["DB_HOST"].endswith(".rds.amazonaws.com")
    assert secrets(prod)["DB_PASSWORD"].endswith(":password::")
    assert len(prod.of("aws:rds/clusterInstance:ClusterInstance")) == 2
    (rule,) = [r.inputs for r in prod.of(INGRESS) if r.inputs["fromPort"] == 5432]
    carried = prod.one("aws:ecs/service:Service", "-backend").inputs["networkConfiguration"]["securityGroups"]
    assert rule["referencedSecurityGroupId"] in carried
    others = prod.one("aws:ecs/service:Service", "-frontend").inputs["networkConfiguration"]["securityGroups"]
    assert rule["referencedSecurityGroupId"] not in others


def test_prod_speaks_https_and_sends_http_there(prod: Program) -> None:
    listeners = {listener.inputs["port"]: listener.inputs for listener in prod.of("aws:lb/listener:Listener")}
    assert listeners[80]["defaultActions"][0]["type"] == "redirect"
    assert listeners[443]["certificateArn"]
    assert {rule.inputs["listenerArn"].rpartition(":")[2] for rule in prod.of(RULE)} == {"sales-support-prod-https"}
    (record_,) = [r for r in prod.of("aws:route53/record:Record") if r.inputs["type"] == "A"]
    assert record_.inputs["name"] == "trips.example.com"
    assert prod.outputs["delivery"]["endpoints"] == {"public": "https://trips.example.com"}


def test_prod_grows_and_tells_what_its_model_was_asked(prod: Program) -> None:
    targets = {item.name.rpartition("-")[2]: item.inputs for item in prod.of("aws:appautoscaling/target:Target")}
    assert {name: (item["minCapacity"], item["maxCapacity"]) for name, item in targets.items()} == {
        "backend": (2, 6),
        "frontend": (2, 4),
    }
    definition = prod.one(DEFINITION, "-backend")
    containers = {item["name"]: item for item in json.loads(definition.inputs["containerDefinitions"])}
    assert containers["otlp"]["essential"] is False
    assert containers["otlp"]["secrets"][0]["valueFrom"].endswith(":telemetry_api_key::")
    environment = {item["name"]: item["value"] for item in containers["app"]["environment"]}
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:4318"
