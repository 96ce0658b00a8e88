"""What the pipeline may do, and what somebody who only looks may see."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

import pulumi

from components.arns import Arns
from components.policies import Statement

Text = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Deliverables:
    """The resources of one stack that a release works on."""

    cluster_name: Text
    service_arns: t.Sequence[Text]
    families: t.Sequence[Text]
    task_role_arns: t.Sequence[Text]
    repository_arns: t.Sequence[Text]
    site_bucket_arns: t.Sequence[Text]
    distribution_arns: t.Sequence[Text]
    ledger_bucket_arn: Text
    ledger_prefix: str
    log_groups: t.Sequence[str]


def deploy_statements(arns: Arns, stack: Deliverables) -> list[Statement]:
    """Exactly what the collection calls to release and to roll back. It cannot call a model, nor change a policy."""
    families = [arns.of("ecs", pulumi.Output.concat("task-definition/", family, ":*")) for family in stack.families]
    return [
        # AWS gives these actions no resource to name. DescribeAlarms leaves out composite alarms unless it is "*".
        Statement(
            sid="LookAtWhatHasNoArn",
            actions=[
                "cloudwatch:DescribeAlarms",
                "ecr:GetAuthorizationToken",
                "ecs:DescribeTaskDefinition",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            resources=["*"],
        ),
        Statement(
            sid="PushImages",
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImages",
                "ecr:DescribeRepositories",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            resources=list(stack.repository_arns),
        ),
        Statement(sid="RegisterRevisions", actions=["ecs:RegisterTaskDefinition"], resources=families),
        Statement(
            sid="TagRevisionsWhenRegistered",
            actions=["ecs:TagResource"],
            resources=families,
            conditions={"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        Statement(
            sid="RollServices",
            actions=["ecs:DescribeServices", "ecs:UpdateService", "ecs:ListServiceDeployments"],
            resources=list(stack.service_arns),
        ),
        Statement(
            sid="FollowDeployments",
            actions=["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"],
            resources=_below_services(stack),
        ),
        Statement(sid="LookAtTasks", actions=["ecs:DescribeTasks"], resources=[_tasks(arns, stack)]),
        # Authorised on container instances, which Fargate has none of: the cluster is named by the condition.
        Statement(
            sid="ListTasksOfTheCluster",
            actions=["ecs:ListTasks"],
            resources=["*"],
            conditions={"ArnEquals": {"ecs:cluster": _cluster(arns, stack)}},
        ),
        Statement(
            sid="PassTheTaskRolesToEcs",
            actions=["iam:PassRole"],
            resources=list(stack.task_role_arns),
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        Statement(
            sid="ReadTheTasksLogs",
            actions=["logs:FilterLogEvents", "logs:GetLogEvents"],
            resources=[arn for group in stack.log_groups for arn in arns.log_group(group)],
        ),
        Statement(
            sid="ListSiteAndLedger",
            actions=["s3:ListBucket", "s3:ListBucketVersions"],
            resources=[*stack.site_bucket_arns, stack.ledger_bucket_arn],
        ),
        Statement(
            sid="PublishSitesAndRestoreThem",
            actions=["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            resources=[pulumi.Output.concat(arn, "/*") for arn in stack.site_bucket_arns],
        ),
        Statement(
            sid="WriteReceiptsAndLocks",
            actions=["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            resources=[pulumi.Output.concat(stack.ledger_bucket_arn, "/", stack.ledger_prefix, "*")],
        ),
        Statement(
            sid="InvalidateTheCdn",
            actions=["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation", "cloudfront:ListInvalidations"],
            resources=list(stack.distribution_arns),
        ),
    ]


def observer_statements(arns: Arns, stack: Deliverables) -> list[Statement]:
    """Everything a person on call looks at, and no way to change any of it."""
    return [
        # AWS gives these actions no resource to name.
        Statement(
            sid="LookAtWhatHasNoArn",
            actions=[
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
                "ecs:DescribeTaskDefinition",
                "ecs:ListTaskDefinitions",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
                "logs:DescribeLogGroups",
            ],
            resources=["*"],
        ),
        Statement(
            sid="LookAtServices",
            actions=["ecs:DescribeServices", "ecs:ListServiceDeployments"],
            resources=list(stack.service_arns),
        ),
        Statement(
            sid="FollowDeployments",
            actions=["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"],
            resources=_below_services(stack),
        ),
        Statement(sid="LookAtTheCluster", actions=["ecs:DescribeClusters"], resources=[_cluster(arns, stack)]),
        Statement(sid="LookAtTasks", actions=["ecs:DescribeTasks"], resources=[_tasks(arns, stack)]),
        Statement(
            sid="ListWhatRunsInTheCluster",
            actions=["ecs:ListServices", "ecs:ListTasks"],
            resources=["*"],
            conditions={"ArnEquals": {"ecs:cluster": _cluster(arns, stack)}},
        ),
        Statement(
            sid="ReadTheTasksLogs",
            actions=["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
            resources=[arn for group in stack.log_groups for arn in arns.log_group(group)],
        ),
        Statement(
            sid="LookAtImages",
            actions=["ecr:DescribeImageScanFindings", "ecr:DescribeImages", "ecr:DescribeRepositories"],
            resources=list(stack.repository_arns),
        ),
        Statement(
            sid="LookAtTheCdn",
            actions=["cloudfront:GetDistribution", "cloudfront:GetInvalidation", "cloudfront:ListInvalidations"],
            resources=list(stack.distribution_arns),
        ),
        Statement(sid="ListTheLedger", actions=["s3:ListBucket"], resources=[stack.ledger_bucket_arn]),
        Statement(
            sid="ReadReceipts",
            actions=["s3:GetObject"],
            resources=[pulumi.Output.concat(stack.ledger_bucket_arn, "/", stack.ledger_prefix, "*")],
        ),
    ]


def _cluster(arns: Arns, stack: Deliverables) -> pulumi.Output[str]:
    return arns.of("ecs", pulumi.Output.concat("cluster/", stack.cluster_name))


def _tasks(arns: Arns, stack: Deliverables) -> pulumi.Output[str]:
    return arns.of("ecs", pulumi.Output.concat("task/", stack.cluster_name, "/*"))


def _below_services(stack: Deliverables) -> list[pulumi.Output[str]]:
    """Deployments and revisions of a service carry its cluster and name in an ARN of their own kind."""
    return [
        pulumi.Output.from_input(arn).apply(functools.partial(_below, kind=kind))
        for arn in stack.service_arns
        for kind in ("service-deployment", "service-revision")
    ]


def _below(service_arn: str, *, kind: str) -> str:
    return f"{service_arn.replace(':service/', f':{kind}/')}/*"


__all__ = ("Deliverables", "deploy_statements", "observer_statements")
