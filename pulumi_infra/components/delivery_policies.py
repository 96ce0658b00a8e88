"""What the pipeline may do, and what somebody who only looks may see."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass, field

import pulumi

from components.arns import Arns
from components.policies import Statement
from components.preflight_policies import LOOKED_AT_WITHOUT_ARN, Relied, preflight_statements

Text = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Deliverables:
    """The resources of one stack that a release works on, and those it only looks at. Leave out what it has not."""

    repository_arns: t.Sequence[Text]
    ledger_bucket_arn: Text
    ledger_prefix: str
    log_groups: t.Sequence[str]
    cluster_name: Text | None = None
    service_arns: t.Sequence[Text] = ()
    families: t.Sequence[Text] = ()
    task_role_arns: t.Sequence[Text] = ()
    relied: Relied = field(default_factory=Relied)
    scalable_target_arns: t.Sequence[Text] = ()
    function_arns: t.Sequence[Text] = ()
    function_role_arns: t.Sequence[Text] = ()
    site_bucket_arns: t.Sequence[Text] = ()
    distribution_arns: t.Sequence[Text] = ()
    # Looked at by the observer alone.
    api_ids: t.Sequence[Text] = ()
    queue_arns: t.Sequence[Text] = ()
    table_arns: t.Sequence[Text] = ()
    database_arns: t.Sequence[Text] = ()
    web_acl_arns: t.Sequence[Text] = ()
    dashboard_arns: t.Sequence[Text] = ()

    def __post_init__(self) -> None:
        together = (self.service_arns, self.families, self.task_role_arns)
        if self.cluster_name is None and any(together):
            raise ValueError("Services need the name of the cluster they run in.")
        if any(together) and not all(together):
            raise ValueError("Services come with their families and the roles of their tasks; one of them is missing.")
        if bool(self.function_arns) != bool(self.function_role_arns):
            raise ValueError("Functions come with their roles; one of them is missing.")
        if not (self.service_arns or self.function_arns or self.site_bucket_arns):
            raise ValueError("There is nothing a release could work on: no service, no function, no site.")


def deploy_statements(arns: Arns, stack: Deliverables, *, own_role: Text) -> list[Statement]:
    """Exactly what the collection calls to release and to roll back. It cannot call a model, nor change a policy.

    Tidying up is not among it: AWS lets nobody deregister the revisions of some families only, so that is the
    operator's.
    """
    return [
        # AWS gives these actions no resource to name. DescribeAlarms leaves out composite alarms unless it is "*".
        Statement(
            sid="LookAtWhatHasNoArn",
            actions=[
                "cloudwatch:DescribeAlarms",
                "ecr:GetAuthorizationToken",
                *((*_DIAGNOSED_WITHOUT_ARN, *LOOKED_AT_WITHOUT_ARN) if stack.service_arns else []),
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
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            resources=list(stack.repository_arns),
        ),
        *(_release_services(arns, stack) if stack.service_arns else []),
        *(_look_before(arns, stack, own_role) if stack.service_arns else []),
        *(_hold_autoscaling(stack) if stack.scalable_target_arns else []),
        *(_release_functions(stack) if stack.function_arns else []),
        Statement(
            sid="ReadTheTasksLogs",
            actions=["logs:GetLogEvents"],
            resources=[arn for group in stack.log_groups for arn in arns.log_group(group)],
        ),
        Statement(
            sid="ListSiteAndLedger",
            actions=["s3:ListBucket"],
            resources=[*stack.site_bucket_arns, stack.ledger_bucket_arn],
        ),
        *(_publish_sites(stack) if stack.site_bucket_arns else []),
        Statement(
            sid="WriteReceipts",
            actions=["s3:GetObject", "s3:PutObject"],
            resources=[pulumi.Output.concat(stack.ledger_bucket_arn, "/", stack.ledger_prefix, "*")],
        ),
        *(_invalidate(stack) if stack.distribution_arns else []),
    ]


# What runs, and why it does not; and whether a run that was killed left autoscaling suspended.
_DIAGNOSED_WITHOUT_ARN = (
    "application-autoscaling:DescribeScalableTargets",
    "ecs:DescribeTaskDefinition",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)


def _release_services(arns: Arns, stack: Deliverables) -> list[Statement]:
    families = [arns.of("ecs", pulumi.Output.concat("task-definition/", family, ":*")) for family in stack.families]
    return [
        Statement(sid="RegisterRevisions", actions=["ecs:RegisterTaskDefinition"], resources=families),
        Statement(
            sid="TagRevisionsWhenRegistered",
            actions=["ecs:TagResource"],
            resources=families,
            conditions={"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        Statement(
            sid="RollServices",
            actions=["ecs:DescribeServices", "ecs:UpdateService"],
            resources=list(stack.service_arns),
        ),
        Statement(
            sid="FollowDeployments",
            actions=["ecs:DescribeServiceDeployments"],
            resources=_below_services(stack, "service-deployment"),
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
        # Migrations and other tasks that run once, of the stack's own families and in its own cluster.
        Statement(
            sid="RunTasksOnce",
            actions=["ecs:RunTask"],
            resources=families,
            conditions={"ArnEquals": {"ecs:cluster": _cluster(arns, stack)}},
        ),
        Statement(sid="StopTasksThatTakeTooLong", actions=["ecs:StopTask"], resources=[_tasks(arns, stack)]),
    ]


def _look_before(arns: Arns, stack: Deliverables, own_role: Text) -> list[Statement]:
    return [
        # The platform of an image stands in its configuration, which is a layer to ECR.
        Statement(
            sid="ReadWhatPlatformImagesAreFor",
            actions=["ecr:GetDownloadUrlForLayer"],
            resources=list(stack.repository_arns),
        ),
        *preflight_statements(
            arns, stack.relied, own_role=own_role, task_roles=stack.task_role_arns, cluster=_cluster(arns, stack)
        ),
    ]


def _hold_autoscaling(stack: Deliverables) -> list[Statement]:
    """Suspend what scales the services while they are shipped, and remember on it what it was."""
    return [
        Statement(
            sid="HoldAutoscalingStill",
            actions=[
                "application-autoscaling:ListTagsForResource",
                "application-autoscaling:RegisterScalableTarget",
                "application-autoscaling:TagResource",
                "application-autoscaling:UntagResource",
            ],
            resources=list(stack.scalable_target_arns),
        )
    ]


def _release_functions(stack: Deliverables) -> list[Statement]:
    return [
        Statement(
            sid="ReleaseFunctions",
            actions=[
                "lambda:GetAlias",
                "lambda:ListVersionsByFunction",
                "lambda:PublishVersion",
                "lambda:UpdateAlias",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
            resources=list(stack.function_arns),
        ),
        Statement(
            sid="LookAtFunctionsAndTheirVersions",
            actions=["lambda:GetFunction", "lambda:GetFunctionConfiguration"],
            resources=_qualified(stack.function_arns),
        ),
        Statement(
            sid="PassTheFunctionsRolesToLambda",
            actions=["iam:PassRole"],
            resources=list(stack.function_role_arns),
            conditions={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
    ]


def _publish_sites(stack: Deliverables) -> list[Statement]:
    return [
        Statement(
            sid="PublishSitesAndRestoreThem",
            actions=["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            resources=[pulumi.Output.concat(arn, "/*") for arn in stack.site_bucket_arns],
        )
    ]


def _invalidate(stack: Deliverables) -> list[Statement]:
    return [
        Statement(
            sid="InvalidateTheCdn",
            actions=["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation", "cloudfront:ListInvalidations"],
            resources=list(stack.distribution_arns),
        )
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
                *(_SERVICES_WITHOUT_ARN if stack.service_arns else []),
                "logs:DescribeLogGroups",
            ],
            resources=["*"],
        ),
        *(_look_at_services(arns, stack) if stack.service_arns else []),
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
        *_look_at_the_rest(arns, stack),
        Statement(sid="ListTheLedger", actions=["s3:ListBucket"], resources=[stack.ledger_bucket_arn]),
        Statement(
            sid="ReadReceipts",
            actions=["s3:GetObject"],
            resources=[pulumi.Output.concat(stack.ledger_bucket_arn, "/", stack.ledger_prefix, "*")],
        ),
    ]


_SERVICES_WITHOUT_ARN = (
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitions",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)


def _look_at_services(arns: Arns, stack: Deliverables) -> list[Statement]:
    return [
        Statement(
            sid="LookAtServices",
            actions=["ecs:DescribeServices", "ecs:ListServiceDeployments"],
            resources=list(stack.service_arns),
        ),
        Statement(
            sid="FollowDeployments",
            actions=["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"],
            resources=_below_services(stack, "service-deployment", "service-revision"),
        ),
        Statement(sid="LookAtTheCluster", actions=["ecs:DescribeClusters"], resources=[_cluster(arns, stack)]),
        Statement(sid="LookAtTasks", actions=["ecs:DescribeTasks"], resources=[_tasks(arns, stack)]),
        # For services on machines of one's own: why a task found no place.
        Statement(
            sid="LookAtMachines",
            actions=["ecs:DescribeContainerInstances"],
            resources=[arns.of("ecs", pulumi.Output.concat("container-instance/", _name(stack), "/*"))],
        ),
        Statement(sid="ListMachines", actions=["ecs:ListContainerInstances"], resources=[_cluster(arns, stack)]),
        Statement(
            sid="ListWhatRunsInTheCluster",
            actions=["ecs:ListServices", "ecs:ListTasks"],
            resources=["*"],
            conditions={"ArnEquals": {"ecs:cluster": _cluster(arns, stack)}},
        ),
    ]


def _look_at_the_rest(arns: Arns, stack: Deliverables) -> list[Statement]:
    """Return a statement for each kind of thing the stack has."""
    apis = [
        pulumi.Output.concat(f"arn:aws:apigateway:{arns.region}::/restapis/", id_, below)
        for id_ in stack.api_ids
        for below in ("", "/*")
    ]
    wanted: list[tuple[str, list[str], t.Sequence[Text]]] = [
        (
            "LookAtFunctions",
            ["lambda:GetFunctionConfiguration", "lambda:GetPolicy"],
            _qualified(stack.function_arns),
        ),
        (
            "LookAtVersions",
            ["lambda:GetAlias", "lambda:ListAliases", "lambda:ListVersionsByFunction"],
            stack.function_arns,
        ),
        ("LookAtApis", ["apigateway:GET"], apis),
        (
            "LookAtTheCdn",
            ["cloudfront:GetDistribution", "cloudfront:GetInvalidation", "cloudfront:ListInvalidations"],
            stack.distribution_arns,
        ),
        ("LookAtQueues", ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"], stack.queue_arns),
        ("LookAtTables", ["dynamodb:DescribeTable"], stack.table_arns),
        ("LookAtDatabases", ["rds:DescribeDBClusters"], stack.database_arns),
        ("LookAtTheFirewall", ["wafv2:GetSampledRequests", "wafv2:GetWebACL"], stack.web_acl_arns),
        ("LookAtDashboards", ["cloudwatch:GetDashboard"], stack.dashboard_arns),
    ]
    return [
        Statement(sid=sid, actions=actions, resources=list(resources))
        for sid, actions, resources in wanted
        if resources
    ]


def _name(stack: Deliverables) -> Text:
    if stack.cluster_name is None:
        raise ValueError("There is no cluster.")
    return stack.cluster_name


def _cluster(arns: Arns, stack: Deliverables) -> pulumi.Output[str]:
    return arns.of("ecs", pulumi.Output.concat("cluster/", _name(stack)))


def _tasks(arns: Arns, stack: Deliverables) -> pulumi.Output[str]:
    return arns.of("ecs", pulumi.Output.concat("task/", _name(stack), "/*"))


def _qualified(function_arns: t.Sequence[Text]) -> list[Text]:
    """Return functions with their versions and aliases, which are resources of their own."""
    return [each for arn in function_arns for each in (arn, pulumi.Output.concat(arn, ":*"))]


def _below_services(stack: Deliverables, *kinds: str) -> list[Text]:
    """Deployments and revisions of a service carry its cluster and name in an ARN of their own kind.

    AWS judges a look at them on both: on the service and on what is below it.
    """
    below = [
        pulumi.Output.from_input(arn).apply(functools.partial(_below, kind=kind))
        for arn in stack.service_arns
        for kind in kinds
    ]
    return [*stack.service_arns, *below]


def _below(service_arn: str, *, kind: str) -> str:
    return f"{service_arn.replace(':service/', f':{kind}/')}/*"


__all__ = ("Deliverables", "deploy_statements", "observer_statements")
