"""The roles: who may assume them, and what they may do."""

from __future__ import annotations

import typing as t

import pytest

from tests.recorded_program import ACCOUNT, Program, record

# What AWS offers no resource for, or, for ListTasks, only one that Fargate has none of.
WITHOUT_RESOURCE = {
    "deploy": {
        "application-autoscaling:DescribeScalableTargets",
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeSubnets",
        "ecr:GetAuthorizationToken",
        "ecs:DescribeTaskDefinition",
        "ecs:ListTasks",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "logs:DescribeLogGroups",
    },
    "backend-execution": {"ecr:GetAuthorizationToken"},
    "backend-task": set[str](),
}


def actions(statements: list[dict[str, t.Any]]) -> set[str]:
    return {action for statement in statements for action in statement["Action"]}


def on_everything(statements: list[dict[str, t.Any]]) -> set[str]:
    return actions([statement for statement in statements if statement["Resource"] == ["*"]])


@pytest.mark.parametrize("role", sorted(WITHOUT_RESOURCE))
def test_statements_name_resources_where_aws_lets_them(program: Program, role: str) -> None:
    statements = program.policy(role)
    assert on_everything(statements) == WITHOUT_RESOURCE[role]
    named = [arn for statement in statements for arn in statement["Resource"] if arn != "*"]
    assert named
    assert [arn for arn in named if not arn.startswith("arn:aws:")] == []


@pytest.mark.parametrize("role", ["deploy", "observer", "backend-task", "backend-execution"])
def test_only_the_operator_has_wildcards_for_actions(program: Program, role: str) -> None:
    assert [action for action in actions(program.policy(role)) if "*" in action] == []


def test_the_pipeline_cannot_call_a_model_nor_change_permissions(program: Program) -> None:
    allowed = actions(program.policy("deploy"))
    assert not [action for action in allowed if action.startswith(("bedrock:", "dynamodb:", "secretsmanager:", "ssm:"))]
    iam = {action for action in allowed if action.startswith("iam:")}
    assert iam == {"iam:GetRole", "iam:PassRole", "iam:SimulatePrincipalPolicy"}
    changing = {action for action in allowed if action.split(":")[1].startswith(("Create", "Delete", "Update", "Put"))}
    assert changing == {
        "cloudfront:CreateInvalidation",
        "ecr:PutImage",
        "ecs:UpdateService",
        "s3:DeleteObject",
        "s3:PutObject",
    }


def test_the_pipeline_passes_the_tasks_roles_to_ecs_and_to_nobody_else(program: Program) -> None:
    (passing,) = [statement for statement in program.policy("deploy") if "iam:PassRole" in statement["Action"]]
    assert passing["Resource"] == [
        f"arn:aws:iam:ap-northeast-1:{ACCOUNT}:{program.stack}-backend-{kind}" for kind in ("task", "execution")
    ]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_the_pipeline_updates_this_service_only(program: Program) -> None:
    (rolling,) = [statement for statement in program.policy("deploy") if "ecs:UpdateService" in statement["Action"]]
    (service,) = rolling["Resource"]
    assert service.endswith(f"/{program.stack}-backend")
    (registering,) = [s for s in program.policy("deploy") if "ecs:RegisterTaskDefinition" in s["Action"]]
    assert registering["Resource"] == [
        f"arn:aws:ecs:ap-northeast-1:{ACCOUNT}:task-definition/{program.stack}-backend:*"
    ]


def test_the_pipeline_writes_receipts_below_its_own_prefix(program: Program) -> None:
    (ledger,) = [s for s in program.policy("deploy") if s["Sid"] == "WriteReceipts"]
    assert [arn.partition("ledger/")[2] for arn in ledger["Resource"]] == [f"{program.stack}/*"]


def test_the_pipeline_is_assumed_by_exact_subjects(program: Program) -> None:
    (trust,) = program.trust("deploy")
    assert trust["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert set(trust["Condition"]) == {"StringEquals"}
    environment = program.stack.rpartition("-")[2]
    assert trust["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [f"repo:example-org/qa-chatbot:environment:{environment}"],
    }


def test_the_application_calls_one_model_through_one_profile(program: Program) -> None:
    statements = program.policy("backend-task")
    assert actions(statements) == {
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
    }
    profile = f"arn:aws:bedrock:ap-northeast-1:{ACCOUNT}:inference-profile/apac.amazon.nova-lite-v1:0"
    direct, through, sessions = statements
    assert direct["Resource"] == [profile]
    assert all(arn.endswith("::foundation-model/amazon.nova-lite-v1:0") for arn in through["Resource"])
    assert through["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": profile}}
    assert [arn.rpartition(":")[2] for arn in sessions["Resource"]] == [f"{program.stack}-sessions"]


def test_the_observer_only_looks(program: Program) -> None:
    verbs = {action.split(":")[1] for action in actions(program.policy("observer"))}
    assert [verb for verb in verbs if not verb.startswith(("Describe", "Get", "List", "Filter"))] == []


def test_tasks_are_started_for_this_account_only(program: Program) -> None:
    for role in ("backend-task", "backend-execution"):
        (trust,) = program.trust(role)
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_operator_stays_with_the_stacks_roles(program: Program) -> None:
    statements = [s for s in program.policy("infra-admin") if any(a.startswith("iam:") for a in s["Action"])]
    roles = f"arn:aws:iam::{ACCOUNT}:role/{program.stack}-*"
    policies = f"arn:aws:iam::{ACCOUNT}:policy/{program.stack}-*"
    assert all(
        arn in (roles, policies) or ":oidc-provider/" in arn or ":role/aws-service-role/" in arn
        for statement in statements
        for arn in statement["Resource"]
    )


def test_policies_fit_into_a_role(program: Program) -> None:
    # AWS allows 10,240 characters of inline policy, white space not counted.
    for policy in program.of("aws:iam/rolePolicy:RolePolicy"):
        assert len("".join(policy.inputs["policy"].split())) < 10_240, policy.name


def test_an_account_that_has_the_github_provider_is_given_no_second_one() -> None:
    program = record("qa-chatbot-dev", {"slipway:createGithubProvider": "false"})
    assert program.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    (trust,) = program.trust("deploy")
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert trust["Principal"] == {"Federated": provider}
