"""What roles may do: a grant for each thing a program uses, and nothing a release does not call."""

from __future__ import annotations

import fnmatch
import json
import typing as t

import pytest
from components.delivery_policies import Deliverables, deploy_statements, observer_statements
from components.github_subjects import GithubRepository, subjects_of
from components.names import Names
from components.operator_areas import AREAS, Area, area_policies
from components.operator_policies import operator_statements
from components.policies import Statement, document
from components.preflight_policies import Relied
from components.roles import DeliveryRoles, DeliveryRolesArgs, FunctionRole, FunctionRoleArgs
from components.runtime_policies import (
    InferenceProfile,
    decrypt_statement,
    discovery_statement,
    execution_statements,
    file_statement,
    function_statements,
    model_statements,
    object_statements,
    parameter_statement,
    receive_statement,
    secret_statement,
    send_statement,
    table_statement,
)

from tests.parts import ARNS, NAMES, STACK, misnamed, record
from tests.recorded_program import ACCOUNT, REGION, Program
from tests.tags import untagged


def rendered(statements: t.Sequence[Statement]) -> list[dict[str, t.Any]]:
    """Return statements as they reach AWS."""
    text = record(lambda: {"policy": document(statements)}).outputs["policy"]
    return t.cast("list[dict[str, t.Any]]", json.loads(text)["Statement"])


def allows(statements: t.Sequence[t.Mapping[str, t.Any]], action: str, resource: str) -> bool:
    """Say whether statements grant an action on a resource, whatever their conditions ask beside that."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action.lower(), given.lower()) for given in statement["Action"])
        and any(fnmatch.fnmatchcase(resource, given) for given in statement["Resource"])
        for statement in statements
    )


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


BUCKET = "arn:aws:s3:::shop-test-source"
SERVICE = arn("ecs", f"service/{STACK}/{STACK}-frontend")
FUNCTION = arn("lambda", f"function:{STACK}-chat")
TASK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-frontend-task"
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-chat-function"
REPOSITORY = arn("ecr", f"repository/{STACK}/chat")
SITE = "arn:aws:s3:::shop-test-frontend"
LEDGER = "arn:aws:s3:::shop-test-ledger"
DISTRIBUTION = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
QUEUE = arn("sqs", f"{STACK}-builds")

FUNCTIONS = {"function_arns": [FUNCTION], "function_role_arns": [FUNCTION_ROLE]}
SERVICES = {
    "cluster_name": STACK,
    "service_arns": [SERVICE],
    "families": [f"{STACK}-frontend"],
    "task_role_arns": [TASK_ROLE],
}
SITES = {"site_bucket_arns": [SITE], "distribution_arns": [DISTRIBUTION]}


def deliverables(**changes: t.Any) -> Deliverables:
    given = {
        "repository_arns": [REPOSITORY],
        "ledger_bucket_arn": LEDGER,
        "ledger_prefix": f"{STACK}/",
        "log_groups": [f"/aws/lambda/{STACK}-chat"],
    }
    return Deliverables(**{**given, **changes})


DEPLOY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-deploy"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-frontend-execution"
SECRET = arn("secretsmanager", f"secret:{STACK}-app-abc123")
FILES = arn("elasticfilesystem", "file-system/fs-1")
PROVIDER = arn("ecs", f"capacity-provider/{STACK}-instances")
TARGET = arn("application-autoscaling", "scalable-target/0ec5")
RELIED = {
    "relied": Relied(
        secret_arns=[SECRET],
        reader_role_arns=[EXECUTION_ROLE],
        file_system_arns=[FILES],
        capacity_providers=[f"{STACK}-instances"],
    ),
    "scalable_target_arns": [TARGET],
}
WHOLE = deliverables(**FUNCTIONS, **SERVICES, **SITES, **RELIED)


def released(stack: Deliverables) -> list[Statement]:
    return deploy_statements(ARNS, stack, own_role=DEPLOY_ROLE)


def observed(stack: Deliverables) -> list[Statement]:
    return observer_statements(ARNS, stack)


def statements_of(make: t.Callable[[], t.Sequence[Statement]]) -> list[dict[str, t.Any]]:
    """Return statements as they reach AWS; they are made where a program makes them."""
    made: list[dict[str, t.Any]] = []

    def build() -> dict[str, t.Any]:
        return {"statements": [statement.render() for statement in make()]}

    made.extend(record(build).outputs["statements"])
    return made


def operator() -> list[Statement]:
    """Return everything the operator of a stack with all areas may do."""
    beside = [statement for policy in area_policies(ARNS, NAMES, AREAS) for statement in policy]
    return [*operator_statements(ARNS, NAMES, areas=AREAS), *beside]


@pytest.fixture(scope="module")
def deploy() -> list[dict[str, t.Any]]:
    return statements_of(lambda: released(WHOLE))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:UpdateFunctionCode", FUNCTION),
        ("lambda:UpdateFunctionConfiguration", FUNCTION),
        ("lambda:PublishVersion", FUNCTION),
        ("lambda:UpdateAlias", FUNCTION),
        ("lambda:GetAlias", FUNCTION),
        ("lambda:ListVersionsByFunction", FUNCTION),
        ("lambda:GetFunction", FUNCTION),
        ("lambda:GetFunctionConfiguration", f"{FUNCTION}:live"),
        ("iam:PassRole", FUNCTION_ROLE),
        ("iam:PassRole", TASK_ROLE),
        ("ecs:UpdateService", SERVICE),
        ("ecr:PutImage", REPOSITORY),
        ("s3:PutObject", f"{SITE}/index.html"),
        ("s3:ListBucket", SITE),
        ("s3:PutObject", f"{LEDGER}/{STACK}/receipt.json"),
        ("cloudfront:CreateInvalidation", DISTRIBUTION),
        ("logs:GetLogEvents", arn("logs", f"log-group:/aws/lambda/{STACK}-chat:*")),
        ("cloudwatch:DescribeAlarms", "*"),
        # To look before the first write.
        ("iam:GetRole", TASK_ROLE),
        ("iam:GetRole", DEPLOY_ROLE),
        ("iam:SimulatePrincipalPolicy", DEPLOY_ROLE),
        ("iam:SimulatePrincipalPolicy", EXECUTION_ROLE),
        ("ecr:GetDownloadUrlForLayer", REPOSITORY),
        ("secretsmanager:DescribeSecret", SECRET),
        ("secretsmanager:GetResourcePolicy", SECRET),
        ("elasticfilesystem:DescribeMountTargets", FILES),
        ("ecs:DescribeClusters", arn("ecs", f"cluster/{STACK}")),
        ("ecs:DescribeCapacityProviders", PROVIDER),
        ("ec2:DescribeSubnets", "*"),
        # Tasks that run once, and what scales.
        ("ecs:RunTask", arn("ecs", f"task-definition/{STACK}-frontend:7")),
        ("ecs:StopTask", arn("ecs", f"task/{STACK}/1")),
        ("application-autoscaling:RegisterScalableTarget", TARGET),
        ("application-autoscaling:DescribeScalableTargets", "*"),
    ],
)
def test_the_pipeline_may_release(deploy: list[dict[str, t.Any]], action: str, resource: str) -> None:
    assert allows(deploy, action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("lambda:UpdateFunctionCode", FUNCTION.replace("chat", "other")),
        ("lambda:UpdateFunctionCode", FUNCTION.replace(STACK, "course-prod")),
        ("lambda:InvokeFunction", FUNCTION),
        ("lambda:AddPermission", FUNCTION),
        ("lambda:CreateFunction", FUNCTION),
        ("lambda:DeleteFunction", FUNCTION),
        ("lambda:DeleteAlias", FUNCTION),
        ("lambda:PutFunctionConcurrency", FUNCTION),
        ("lambda:CreateFunctionUrlConfig", FUNCTION),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{STACK}-infra-admin"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{STACK}-deploy"),
        ("iam:PutRolePolicy", FUNCTION_ROLE),
        ("iam:AttachRolePolicy", FUNCTION_ROLE),
        ("iam:UpdateAssumeRolePolicy", FUNCTION_ROLE),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/x"),
        ("sts:AssumeRole", FUNCTION_ROLE),
        ("ecs:UpdateService", SERVICE.replace("frontend", "other")),
        ("ecs:DeleteService", SERVICE),
        ("ecs:CreateService", SERVICE),
        ("ecs:RunTask", arn("ecs", "task-definition/other:1")),
        ("ecs:StopTask", arn("ecs", "task/other/1")),
        ("ecs:DeregisterTaskDefinition", arn("ecs", f"task-definition/{STACK}-frontend:1")),
        ("ecs:DescribeClusters", arn("ecs", "cluster/other")),
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/{STACK}-infra-admin"),
        ("iam:SimulatePrincipalPolicy", TASK_ROLE),
        ("application-autoscaling:DeregisterScalableTarget", TARGET),
        ("application-autoscaling:PutScalingPolicy", TARGET),
        ("application-autoscaling:RegisterScalableTarget", TARGET.replace("0ec5", "0ec6")),
        ("secretsmanager:DescribeSecret", SECRET.replace("app", "other")),
        ("secretsmanager:GetSecretValue", SECRET),
        ("ecs:ExecuteCommand", arn("ecs", f"task/{STACK}/1")),
        ("ecs:RegisterTaskDefinition", arn("ecs", "task-definition/other:1")),
        ("ecs:DeleteCluster", arn("ecs", f"cluster/{STACK}")),
        ("ecr:PutImage", arn("ecr", "repository/other/chat")),
        ("ecr:BatchDeleteImage", REPOSITORY),
        ("ecr:PutLifecyclePolicy", REPOSITORY),
        ("ecr:SetRepositoryPolicy", REPOSITORY),
        ("s3:PutObject", f"{LEDGER}/other/receipt.json"),
        ("s3:DeleteBucket", SITE),
        ("s3:PutBucketPolicy", SITE),
        ("s3:GetObject", f"{BUCKET}/secret"),
        ("cloudfront:UpdateDistribution", DISTRIBUTION),
        ("cloudfront:CreateInvalidation", DISTRIBUTION.replace("E1", "E2")),
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:x")),
        ("ssm:GetParameter", arn("ssm", "parameter/chatbot/prod/llm-key")),
        ("bedrock:InvokeModel", arn("bedrock", "inference-profile/x")),
        ("dynamodb:GetItem", arn("dynamodb", "table/x")),
        ("sqs:ReceiveMessage", QUEUE),
        ("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/restapis/1"),
        ("cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:x")),
        ("cloudwatch:SetAlarmState", arn("cloudwatch", "alarm:x")),
        ("logs:DeleteLogGroup", arn("logs", f"log-group:/aws/lambda/{STACK}-chat")),
        ("logs:GetLogEvents", arn("logs", "log-group:/aws/lambda/other:*")),
        ("kms:Decrypt", arn("kms", "key/1")),
        ("wafv2:DisassociateWebACL", "*"),
    ],
)
def test_the_pipeline_may_nothing_else(deploy: list[dict[str, t.Any]], action: str, resource: str) -> None:
    assert not allows(deploy, action, resource)


def test_roles_are_passed_to_what_runs_with_them(deploy: list[dict[str, t.Any]]) -> None:
    passing = {
        statement["Condition"]["StringEquals"]["iam:PassedToService"]: statement["Resource"]
        for statement in deploy
        if "iam:PassRole" in statement["Action"]
    }
    assert passing == {"ecs-tasks.amazonaws.com": [TASK_ROLE], "lambda.amazonaws.com": [FUNCTION_ROLE]}


@pytest.mark.parametrize(
    ("given", "never"),
    [
        pytest.param(FUNCTIONS, ("ecs:", "elasticloadbalancing:", "cloudfront:"), id="function"),
        pytest.param(
            SERVICES,
            (
                *("lambda:", "cloudfront:", "secretsmanager:", "elasticfilesystem:"),
                "application-autoscaling:RegisterScalableTarget",
            ),
            id="service",
        ),
        pytest.param(SITES, ("lambda:", "ecs:", "iam:"), id="site"),
    ],
)
@pytest.mark.parametrize("make", [released, observed])
def test_what_a_stack_has_not_is_not_in_its_policies(
    make: t.Callable[..., list[Statement]], given: dict[str, t.Any], never: tuple[str, ...]
) -> None:
    found = statements_of(lambda: make(deliverables(**given)))
    actions = {action for statement in found for action in statement["Action"]}
    assert [action for action in actions if action.startswith(never)] == []
    # A statement without a resource would be refused, and with it the whole policy.
    assert [statement["Sid"] for statement in found if not statement.get("Resource")] == []


def test_ids_of_statements_are_unique_and_plain() -> None:
    given = {**FUNCTIONS, **SERVICES, **SITES, **RELIED}
    whole = deliverables(**given, queue_arns=[QUEUE], api_ids=["a1"], table_arns=["arn:t"])
    for make in (
        lambda: released(whole),
        lambda: observed(whole),
        operator,
    ):
        sids = [statement["Sid"] for statement in statements_of(make)]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_the_observer_sees_all_of_it_and_changes_nothing() -> None:
    whole = deliverables(
        **FUNCTIONS,
        **SERVICES,
        **SITES,
        api_ids=["a1"],
        queue_arns=[QUEUE],
        table_arns=["arn:table"],
        database_arns=["arn:cluster"],
        web_acl_arns=["arn:acl"],
        dashboard_arns=["arn:dashboard"],
    )
    found = statements_of(lambda: observer_statements(ARNS, whole))
    verbs = {action.split(":")[1] for statement in found for action in statement["Action"]}
    assert [verb for verb in verbs if not verb.startswith(("Describe", "Get", "GET", "List", "Filter"))] == []
    for action, resource in (
        ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/live"),
        ("lambda:GetPolicy", f"{FUNCTION}:live"),
        ("sqs:GetQueueAttributes", QUEUE),
        ("ecs:DescribeContainerInstances", arn("ecs", f"container-instance/{STACK}/1")),
        ("wafv2:GetSampledRequests", "arn:acl"),
    ):
        assert allows(found, action, resource), action
    # Code and messages are not for looking.
    for action, resource in (("lambda:GetFunction", FUNCTION), ("sqs:ReceiveMessage", QUEUE)):
        assert not allows(found, action, resource), action


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "nothing a release could work on", id="nothing"),
        pytest.param({**SERVICES, "cluster_name": None}, "name of the cluster", id="no-cluster"),
        pytest.param({**SERVICES, "families": []}, "one of them is missing", id="no-family"),
        pytest.param({"function_arns": [FUNCTION]}, "Functions come with their roles", id="no-role"),
    ],
)
def test_half_of_what_belongs_together_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        deliverables(**changes)


def test_secrets_come_with_who_reads_them() -> None:
    with pytest.raises(ValueError, match="one of them is missing"):
        Relied(secret_arns=[SECRET])


# -- what runs --


def test_objects_are_named_below_the_bucket_and_the_list_on_it() -> None:
    statements = statements_of(lambda: object_statements(BUCKET, prefix="source/", access="read-write"))
    objects, listing = statements
    assert objects["Resource"] == [f"{BUCKET}/source/*"]
    assert objects["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert (listing["Action"], listing["Resource"]) == (["s3:ListBucket"], [BUCKET])
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["source/", "source/*"]}}
    # A HEAD of an object is judged as this; the deployment that failed had the bucket's ARN here.
    assert allows(statements, "s3:GetObject", f"{BUCKET}/source/app.py")
    assert not allows(statements, "s3:GetObject", BUCKET)
    assert not allows(statements, "s3:GetObject", f"{BUCKET}/other/app.py")
    assert not allows(statements, "s3:DeleteObject", f"{BUCKET}/source/app.py")
    whole = statements_of(lambda: object_statements(BUCKET))
    assert whole[0]["Resource"] == [f"{BUCKET}/*"]
    assert "Condition" not in whole[1]


# (what is granted, what it allows, what it does not)
GRANTS: list[tuple[str, t.Callable[[], list[Statement]], tuple[str, str], tuple[str, str]]] = [
    (
        "table",
        lambda: [table_statement([arn("dynamodb", "table/t")])],
        ("dynamodb:Query", arn("dynamodb", "table/t/index/by-user")),
        ("dynamodb:Scan", arn("dynamodb", "table/t")),
    ),
    (
        "table-read",
        lambda: [table_statement([arn("dynamodb", "table/t")], access="read")],
        ("dynamodb:GetItem", arn("dynamodb", "table/t")),
        ("dynamodb:PutItem", arn("dynamodb", "table/t")),
    ),
    ("send", lambda: [send_statement([QUEUE])], ("sqs:SendMessage", QUEUE), ("sqs:ReceiveMessage", QUEUE)),
    ("receive", lambda: [receive_statement([QUEUE])], ("sqs:DeleteMessage", QUEUE), ("sqs:SendMessage", QUEUE)),
    (
        "secret",
        lambda: [secret_statement([arn("secretsmanager", "secret:s-abc123")])],
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:s-abc123")),
        ("secretsmanager:PutSecretValue", arn("secretsmanager", "secret:s-abc123")),
    ),
    (
        "parameter",
        lambda: [parameter_statement(ARNS, ["/chatbot/prod/llm-key"])],
        ("ssm:GetParameter", arn("ssm", "parameter/chatbot/prod/llm-key")),
        ("ssm:GetParameter", arn("ssm", "parameter/chatbot/prod/other")),
    ),
    (
        "model",
        lambda: model_statements(ARNS, InferenceProfile(profile="apac.m", model="m", model_regions=[REGION])),
        ("bedrock:InvokeModel", arn("bedrock", "inference-profile/apac.m")),
        ("bedrock:InvokeModel", arn("bedrock", "inference-profile/other")),
    ),
    (
        "files",
        lambda: [file_statement("arn:fs", ["arn:ap"], write=False)],
        ("elasticfilesystem:ClientMount", "arn:fs"),
        ("elasticfilesystem:ClientWrite", "arn:fs"),
    ),
    (
        "discovery",
        lambda: [discovery_statement("agents.local")],
        ("servicediscovery:DiscoverInstances", "*"),
        ("servicediscovery:RegisterInstance", arn("servicediscovery", "service/srv-1")),
    ),
    (
        "execution",
        lambda: execution_statements(
            ARNS, repository_arns=[REPOSITORY], log_group="/ecs/x", secret_arns=["arn:secret"], parameters=["/a/b"]
        ),
        ("ssm:GetParameters", arn("ssm", "parameter/a/b")),
        ("ssm:GetParameter", arn("ssm", "parameter/a/b")),
    ),
    (
        "function",
        lambda: function_statements(ARNS, function_name="f", log_group="/aws/lambda/f", on_failure_queue_arn=QUEUE),
        ("sqs:SendMessage", QUEUE),
        ("logs:CreateLogGroup", arn("logs", "log-group:/aws/lambda/f")),
    ),
]


@pytest.mark.parametrize(("make", "allowed", "denied"), [pytest.param(*row[1:], id=row[0]) for row in GRANTS])
def test_a_grant_is_what_it_is_called(
    make: t.Callable[[], list[Statement]], allowed: tuple[str, str], denied: tuple[str, str]
) -> None:
    found = statements_of(make)
    assert allows(found, *allowed)
    assert not allows(found, *denied)


def test_a_model_is_reached_through_its_profile_only() -> None:
    inference = InferenceProfile(profile="apac.m", model="m", model_regions=[REGION, "us-west-2"])
    _direct, through = statements_of(lambda: model_statements(ARNS, inference))
    assert through["Resource"] == [f"arn:aws:bedrock:{each}::foundation-model/m" for each in (REGION, "us-west-2")]
    profile = arn("bedrock", "inference-profile/apac.m")
    assert through["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": profile}}


def test_files_are_reached_over_tls_through_an_access_point() -> None:
    (statement,) = statements_of(lambda: [file_statement("arn:fs", ["arn:ap"])])
    assert statement["Condition"] == {
        "StringEquals": {"elasticfilesystem:AccessPointArn": ["arn:ap"]},
        "Bool": {"aws:SecureTransport": "true"},
    }


def test_keys_open_only_what_their_services_keep() -> None:
    (statement,) = statements_of(lambda: [decrypt_statement(ARNS, ["arn:key"], services=["ssm"])])
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": [f"ssm.{REGION}.amazonaws.com"]}}


def test_lambda_connects_a_function_and_its_program_cannot() -> None:
    found = statements_of(lambda: function_statements(ARNS, function_name="f", log_group="/l", vpc=True))
    connect, denied = found[1:]
    assert (denied["Effect"], denied["Action"]) == ("Deny", connect["Action"])
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", "function:f")}}
    without = statements_of(lambda: function_statements(ARNS, function_name="f", log_group="/l"))
    assert [statement["Sid"] for statement in without] == ["WriteTheLog"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda: object_statements(BUCKET, prefix="/source"), "plain beginning of keys", id="slash"),
        pytest.param(lambda: object_statements(BUCKET, prefix="*"), "plain beginning of keys", id="pattern"),
        pytest.param(lambda: object_statements(BUCKET, word="a b"), "letters and digits only", id="word"),
        pytest.param(lambda: file_statement("arn:fs", []), "name at least one", id="no-access-point"),
        pytest.param(
            lambda: secret_statement([arn("secretsmanager", "secret:s-abc123:key::")]), "not its keys", id="json-key"
        ),
    ],
)
def test_a_grant_refuses_what_would_grant_nothing(make: t.Callable[[], t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# -- who is who --

EXACT = [
    "repo:example-org/course:environment:prod",
    "repo:example-org@123456/course@456789:environment:prod",
    "repo:example-org/course:ref:refs/heads/main",
    "repo:example-org@1/course@2:ref:refs/tags/v1.0",
]
LOOSE = [
    "repo:example-org/*",
    "repo:example-org/course:*",
    "repo:example-org/course:environment:*",
    "repo:example-org/course:pull_request",
    "repo:example-org/course",
    "repo:example-org@123456/course:environment:prod",
    "repo:example-org/course@456789:environment:prod",
    "repo:example-org@x/course@y:environment:prod",
    "repo:example-org/course:environment:",
    "repo:example-org/course:environment:prod:job_workflow_ref:x",
    "example-org/course:environment:prod",
    "repo:example-org/course:ref:refs/heads/release-?",
]


@pytest.mark.parametrize("subject", EXACT)
def test_exact_subjects_are_taken(subject: str) -> None:
    assert subjects_of([subject]) == (subject,)


@pytest.mark.parametrize("subject", LOOSE)
def test_loose_subjects_are_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="is not the exact subject"):
        subjects_of([EXACT[0], subject])


def test_a_repository_is_known_by_its_names_and_by_its_numbers() -> None:
    classic = GithubRepository(owner="example-org", name="course")
    assert classic.subjects("prod") == (EXACT[0],)
    both = GithubRepository(owner="example-org", name="course", owner_id=123456, repository_id=456789)
    assert both.subjects("prod") == (EXACT[0], EXACT[1])
    with pytest.raises(ValueError, match="belong together"):
        GithubRepository(owner="example-org", name="course", owner_id=1)
    with pytest.raises(ValueError, match="'a/b' is not the owner"):
        GithubRepository(owner="a/b", name="course")


def roles(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        given = {
            "names": NAMES,
            "arns": ARNS,
            "deliverables": WHOLE,
            "github_subjects": EXACT[:2],
            "areas": ["functions", "apis"],
        }
        return {"deploy": DeliveryRoles(NAMES("roles"), DeliveryRolesArgs(**{**given, **changes})).deploy_arn}

    return record(build)


def test_areas_are_policies_of_their_own() -> None:
    program = roles()
    (policy,) = program.of("aws:iam/policy:Policy")
    sids = {statement["Sid"] for statement in json.loads(policy.inputs["policy"])["Statement"]}
    assert sids == {"Apis", "ApiLogs", "Functions", "FunctionLogs"}
    attached = program.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attached["policyArn"].endswith("infra-admin-1")
    assert attached["role"].endswith("infra-admin")
    assert roles(areas=[]).of("aws:iam/policy:Policy") == []


def test_both_forms_of_a_subject_are_trusted_each_exactly() -> None:
    program = roles()
    (trust,) = program.trust("deploy")
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": EXACT[:2],
        }
    }
    assert misnamed(program) == []
    assert untagged(program) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"github_subjects": []}, "at least one subject", id="nobody"),
        pytest.param({"github_subjects": ["repo:example-org/*"]}, "not the exact subject", id="loose"),
        pytest.param({"observer_principals": ["*"]}, "is a pattern", id="anybody"),
    ],
)
def test_roles_anybody_could_assume_are_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        roles(**changes)


def test_a_function_runs_as_its_own_role() -> None:
    def build() -> dict[str, t.Any]:
        statements = function_statements(ARNS, function_name="f", log_group="/l")
        return {
            "arn": FunctionRole(NAMES("r"), FunctionRoleArgs(names=NAMES, function="chat", statements=statements)).arn
        }

    program = record(build)
    (trust,) = program.trust("chat-function")
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert [statement["Sid"] for statement in program.policy("chat-function")] == ["WriteTheLog"]
    with pytest.raises(ValueError, match="at least to write its log"):
        FunctionRoleArgs(names=NAMES, function="chat", statements=[])


# -- the operator --

# What each system's operator needs beside the usual; which areas these are is said once more in the systems.
SYSTEMS = {
    "qa-chatbot": ["firewall", "notices", "certificates"],
    "sales-trips": ["autoscaling", "certificates", "databases", "notices", "secrets", "firewall"],
    "course-information": ["apis", "autoscaling", "certificates", "firewall", "functions", "instances", "notices"],
    "agent-platform": ["autoscaling", "backups", "certificates", "discovery", "files", "notices", "queues", "secrets"],
    "rag": ["autoscaling", "backups", "certificates", "notices", "secrets", "firewall"],
}


def size(statements: list[dict[str, t.Any]]) -> int:
    """Return how long a policy is as AWS counts: without white space."""
    return len("".join(json.dumps({"Version": "2012-10-17", "Statement": statements}).split()))


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_the_operators_policies_are_as_short_as_aws_asks(system: str) -> None:
    names, areas = Names(f"{system}-of-a-long-name-in-production"), t.cast("list[Area]", SYSTEMS[system])
    spaces = ["example-organisation/one", "example-organisation/two"]
    own = statements_of(lambda: operator_statements(ARNS, names, areas=areas, repository_namespaces=spaces))
    assert size(own) < 10_240


@pytest.mark.parametrize("stack", ["x", "a-rather-long-name-of-a-stack-in-production"])
def test_the_areas_policies_are_as_short_as_aws_asks(stack: str) -> None:
    count = -(-len(AREAS) // 4)
    sizes = []
    for number in range(count):

        def make(number: int = number) -> list[Statement]:
            policies = area_policies(ARNS, Names(stack), AREAS)
            assert len(policies) == count <= 10
            return policies[number]

        sizes.append(size(statements_of(make)))
    assert max(sizes) < 6_144, sizes


def test_any_four_areas_fit_into_one_policy() -> None:
    names = Names("a-rather-long-name-of-a-stack-in-production")

    def of(area: Area) -> t.Callable[[], list[Statement]]:
        return lambda: area_policies(ARNS, names, [area])[0]

    sizes = sorted(size(statements_of(of(area))) for area in AREAS)
    assert sum(sizes[-4:]) < 6_144, sizes


def test_areas_add_and_never_take_away() -> None:
    plain = statements_of(lambda: operator_statements(ARNS, NAMES))
    whole = statements_of(operator)
    kept = [s for s in plain if s["Sid"] != "PassTheStacksRolesToEcs"]
    assert [statement for statement in kept if statement not in whole] == []
    (passing,) = [s for s in whole if s["Sid"] == "PassTheStacksRolesToEcs"]
    assert passing["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "ecs-tasks.amazonaws.com",
        "ecs.amazonaws.com",
        "apigateway.amazonaws.com",
        "backup.amazonaws.com",
        "lambda.amazonaws.com",
        "ec2.amazonaws.com",
    ]
    assert passing["Resource"] == [f"arn:aws:iam::{ACCOUNT}:role/{STACK}-*"]


def test_the_operator_attaches_only_what_aws_keeps_for_it() -> None:
    found = statements_of(operator)
    (attaching,) = [s for s in found if "iam:AttachRolePolicy" in s["Action"]]
    own, *kept_by_aws = attaching["Condition"]["ArnLike"]["iam:PolicyARN"]
    assert own == f"arn:aws:iam::{ACCOUNT}:policy/{STACK}-*"
    assert len(kept_by_aws) == 4
    assert all(policy.startswith("arn:aws:iam::aws:policy/") and "*" not in policy for policy in kept_by_aws)
    assert not [policy for policy in kept_by_aws if "Administrator" in policy or "FullAccess" in policy]


def test_the_operator_never_reads_a_secret() -> None:
    found = statements_of(operator)
    for name in (f"{STACK}-keys-abc123", "other"):
        for action in ("GetSecretValue", "PutSecretValue", "BatchGetSecretValue"):
            assert not allows(found, f"secretsmanager:{action}", arn("secretsmanager", f"secret:{name}"))


def test_an_area_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no area moon; there are apis,"):
        operator_statements(ARNS, NAMES, areas=t.cast("t.Any", ["moon"]))


def test_statements_are_rendered_as_a_policy() -> None:
    statement = Statement(sid="One", actions=["a:B"], resources=["*"])
    assert rendered([statement]) == [{"Sid": "One", "Effect": "Allow", "Action": ["a:B"], "Resource": ["*"]}]
