"""What the person who runs ``pulumi up`` may do: everything about this stack's resources, and little beside them."""

from __future__ import annotations

import typing as t

import pulumi

from components.arns import Arns
from components.names import Names
from components.operator_areas import AREAS, Area, managed_policy_statements, passed_to
from components.policies import Statement

PASSED_TO = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]


def operator_statements(
    arns: Arns,
    names: Names,
    *,
    areas: t.Collection[Area] = (),
    repository_namespaces: t.Sequence[str] = (),
) -> list[Statement]:
    """Services whose resources carry the stack's name are limited to that name; the others to region or account.

    What every system has is always covered. What only some have, the ``areas``, is in policies of its own (see
    L(components.operator_areas)), because AWS limits how long those written into a role may be.
    """
    strangers = sorted(set(areas) - set(AREAS))
    if strangers:
        raise ValueError(f"There is no area {', '.join(strangers)}; there are {', '.join(AREAS)}.")
    prefix = names.prefix
    here = {"StringEquals": {"aws:RequestedRegion": arns.region}}
    roles = arns.everywhere("iam", f"role/{prefix}-*")
    return [
        # VPC resources have ids, not names, and most calls about them take no resource at all.
        Statement(sid="NetworkOfTheRegion", actions=["ec2:*"], resources=["*"], conditions=here),
        Statement(
            sid="LoadBalancers",
            actions=["elasticloadbalancing:*"],
            resources=[
                arns.of("elasticloadbalancing", f"{kind}/{pattern}")
                for kind in ("loadbalancer/app", "targetgroup", "listener/app", "listener-rule/app")
                for pattern in names.short_patterns()
            ],
        ),
        Statement(
            sid="Containers",
            actions=["ecs:*"],
            resources=[
                arns.of("ecs", resource)
                for resource in (
                    f"cluster/{prefix}",
                    f"service/{prefix}/*",
                    f"task/{prefix}/*",
                    f"task-definition/{prefix}-*:*",
                )
            ],
        ),
        Statement(
            sid="Images",
            actions=["ecr:*"],
            resources=[arns.of("ecr", f"repository/{space}/*") for space in (prefix, *repository_namespaces)],
        ),
        Statement(
            sid="Buckets", actions=["s3:*"], resources=[f"arn:aws:s3:::{prefix}-*", f"arn:aws:s3:::{prefix}-*/*"]
        ),
        Statement(sid="Tables", actions=["dynamodb:*"], resources=[arns.of("dynamodb", f"table/{prefix}-*")]),
        Statement(sid="Logs", actions=["logs:*"], resources=arns.log_group(f"/ecs/{prefix}/*")),
        Statement(sid="Alarms", actions=["cloudwatch:*"], resources=[arns.of("cloudwatch", f"alarm:{prefix}-*")]),
        # Their ARNs carry random ids, so the account is as near as a policy can name them.
        Statement(
            sid="Cdn",
            actions=["cloudfront:*"],
            resources=[
                arns.everywhere("cloudfront", f"{kind}/*")
                for kind in ("distribution", "function", "origin-access-control", "response-headers-policy")
            ],
        ),
        Statement(
            sid="RolesOfTheStack",
            actions=[
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            resources=[roles],
        ),
        Statement(
            sid="PassTheStacksRolesToEcs",
            actions=["iam:PassRole"],
            resources=[roles],
            conditions={"StringEquals": {"iam:PassedToService": [*PASSED_TO, *passed_to(areas)]}},
        ),
        Statement(
            sid="GithubProvider",
            actions=[
                "iam:AddClientIDToOpenIDConnectProvider",
                "iam:CreateOpenIDConnectProvider",
                "iam:DeleteOpenIDConnectProvider",
                "iam:GetOpenIDConnectProvider",
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
                "iam:UntagOpenIDConnectProvider",
            ],
            resources=[arns.everywhere("iam", "oidc-provider/token.actions.githubusercontent.com")],
        ),
        # AWS gives these actions no resource to name.
        Statement(
            sid="LookAtWhatHasNoArn",
            actions=[
                "cloudfront:ListDistributions",
                "cloudwatch:DescribeAlarms",
                "ecr:GetAuthorizationToken",
                "ecs:DeregisterTaskDefinition",
                "ecs:DescribeTaskDefinition",
                "ecs:ListTaskDefinitions",
                "elasticloadbalancing:Describe*",
                "logs:DescribeLogGroups",
                "sts:GetCallerIdentity",
            ],
            resources=["*"],
        ),
        # What old revisions are still needed for, before any is tidied away.
        Statement(
            sid="ListWhatRunsInTheCluster",
            actions=["ecs:ListServices", "ecs:ListTasks"],
            resources=["*"],
            conditions={"ArnEquals": {"ecs:cluster": arns.of("ecs", f"cluster/{prefix}")}},
        ),
        Statement(
            sid="ServiceLinkedRoles",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[
                pulumi.Output.concat(arns.everywhere("iam", "role/aws-service-role/"), path)
                for path in (
                    "ecs.amazonaws.com/AWSServiceRoleForECS",
                    "elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing",
                )
            ],
        ),
        *(managed_policy_statements(arns, names, areas) if areas else []),
    ]


__all__ = ("Area", "operator_statements")
