"""What the operator's role may do beside the usual, for the kinds of resources that only some systems have."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pulumi

from components.arns import Arns
from components.names import Names
from components.policies import Statement

Area = t.Literal[
    "apis",
    "autoscaling",
    "backups",
    "certificates",
    "databases",
    "discovery",
    "files",
    "firewall",
    "functions",
    "instances",
    "notices",
    "queues",
    "secrets",
]
AREAS: tuple[Area, ...] = t.get_args(Area)
# AWS allows 6,144 characters in a managed policy, and ten of them on a role.
AREAS_IN_A_POLICY = 4
# Who else is given roles of the stack, area by area.
_PASSED_TO: dict[Area, str] = {
    "apis": "apigateway.amazonaws.com",
    "backups": "backup.amazonaws.com",
    "functions": "lambda.amazonaws.com",
    "instances": "ec2.amazonaws.com",
}
# CloudFront looks for certificates and web ACLs there.
_CLOUDFRONT_REGION = "us-east-1"
_ATTACHED = {
    "apis": ["service-role/AmazonAPIGatewayPushToCloudWatchLogs"],
    "backups": [
        "service-role/AWSBackupServiceRolePolicyForBackup",
        "service-role/AWSBackupServiceRolePolicyForRestores",
    ],
    "instances": ["AmazonSSMManagedInstanceCore"],
}


def area_policies(arns: Arns, names: Names, areas: t.Collection[Area]) -> list[list[Statement]]:
    """Return the statements of the areas, each list short enough for one managed policy."""
    wanted = [area for area in AREAS if area in areas]
    together = [wanted[start : start + AREAS_IN_A_POLICY] for start in range(0, len(wanted), AREAS_IN_A_POLICY)]
    return [[statement for area in part for statement in _KNOWN[area](arns, names)] for part in together]


def managed_policy_statements(arns: Arns, names: Names, areas: t.Collection[Area]) -> list[Statement]:
    """Return what the role itself has to say where there are areas: who keeps their policies, and what is attached."""
    return [
        Statement(
            sid="PoliciesOfTheStack",
            actions=[
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
                "iam:ListPolicyVersions",
                "iam:TagPolicy",
                "iam:UntagPolicy",
            ],
            resources=[arns.everywhere("iam", f"policy/{names.prefix}-*")],
        ),
        *_attachments(arns, names, areas),
        *_linked_roles(arns, areas),
    ]


def passed_to(areas: t.Collection[Area]) -> list[str]:
    return [service for area, service in _PASSED_TO.items() if area in areas]


def _attachments(arns: Arns, names: Names, areas: t.Collection[Area]) -> list[Statement]:
    """Policies of the stack and AWS's own for its roles: these and no other, or the operator could become anybody."""
    kept_by_aws = [path for area, paths in _ATTACHED.items() if area in areas for path in paths]
    policies: list[pulumi.Input[str]] = [
        arns.everywhere("iam", f"policy/{names.prefix}-*"),
        *(f"arn:aws:iam::aws:policy/{path}" for path in kept_by_aws),
    ]
    return [
        Statement(
            sid="AttachPoliciesOfTheStack",
            actions=["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            resources=[arns.everywhere("iam", f"role/{names.prefix}-*")],
            conditions={"ArnLike": {"iam:PolicyARN": policies}},
        )
    ]


def _linked_roles(arns: Arns, areas: t.Collection[Area]) -> list[Statement]:
    """Roles that AWS services make for themselves, once in an account."""
    known: dict[Area, str] = {
        "apis": "ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway",
        "autoscaling": "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
        "backups": "backup.amazonaws.com/AWSServiceRoleForBackup",
        "databases": "rds.amazonaws.com/AWSServiceRoleForRDS",
        "files": "elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem",
        "firewall": "wafv2.amazonaws.com/AWSServiceRoleForWAFV2Logging",
        "instances": "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    }
    paths = [path for area, path in known.items() if area in areas]
    if not paths:
        return []
    return [
        Statement(
            sid="ServiceLinkedRolesOfTheAreas",
            actions=["iam:CreateServiceLinkedRole"],
            resources=[pulumi.Output.concat(arns.everywhere("iam", "role/aws-service-role/"), path) for path in paths],
        )
    ]


def _apis(arns: Arns, names: Names) -> list[Statement]:
    # An API has an id, not a name, and its paths belong to no account.
    paths = ("/restapis", "/restapis/*", "/domainnames", "/domainnames/*", "/account", "/tags/*")
    return [
        Statement(
            sid="Apis",
            actions=[f"apigateway:{verb}" for verb in ("DELETE", "GET", "PATCH", "POST", "PUT")],
            resources=[f"arn:aws:apigateway:{arns.region}::{path}" for path in paths],
        ),
        Statement(sid="ApiLogs", actions=["logs:*"], resources=arns.log_group(f"/apigateway/{names.prefix}/*")),
    ]


def _autoscaling(arns: Arns, names: Names) -> list[Statement]:  # noqa: ARG001 - the targets carry no names
    return [
        Statement(
            sid="Scaling",
            actions=["application-autoscaling:*"],
            resources=[arns.of("application-autoscaling", "scalable-target/*")],
        ),
        # AWS gives these actions no resource to name.
        Statement(sid="LookAtScaling", actions=["application-autoscaling:Describe*"], resources=["*"]),
    ]


def _backups(arns: Arns, names: Names) -> list[Statement]:
    vault = arns.of("backup", f"backup-vault:{names.prefix}-*")
    return [
        Statement(sid="Backups", actions=["backup:*"], resources=[vault, arns.of("backup", "backup-plan:*")]),
        # A vault is made with a key in storage that belongs to no account.
        Statement(sid="BackupStorage", actions=["backup-storage:MountCapsule"], resources=["*"]),
    ]


def _certificates(arns: Arns, names: Names) -> list[Statement]:  # noqa: ARG001 - certificates and zones carry no names
    return [
        Statement(
            sid="Certificates",
            actions=[
                "acm:AddTagsToCertificate",
                "acm:DeleteCertificate",
                "acm:DescribeCertificate",
                "acm:ListTagsForCertificate",
                "acm:RemoveTagsFromCertificate",
            ],
            resources=[
                f"arn:aws:acm:{region}:{arns.account}:certificate/*" for region in (arns.region, _CLOUDFRONT_REGION)
            ],
        ),
        Statement(
            sid="DnsRecords",
            actions=[
                "route53:ChangeResourceRecordSets",
                "route53:ChangeTagsForResource",
                "route53:DeleteHostedZone",
                "route53:GetHostedZone",
                "route53:ListResourceRecordSets",
                "route53:ListTagsForResource",
                "route53:UpdateHostedZoneComment",
            ],
            resources=["arn:aws:route53:::hostedzone/*"],
        ),
        Statement(sid="DnsChanges", actions=["route53:GetChange"], resources=["arn:aws:route53:::change/*"]),
        # AWS gives these actions no resource to name.
        Statement(
            sid="NewCertificatesAndZones",
            actions=[
                "acm:RequestCertificate",
                "route53:CreateHostedZone",
                "route53:ListHostedZones",
                "route53:ListHostedZonesByName",
            ],
            resources=["*"],
        ),
    ]


def _databases(arns: Arns, names: Names) -> list[Statement]:
    return [
        Statement(
            sid="Databases",
            actions=["rds:*"],
            resources=[
                arns.of("rds", f"{kind}:{names.prefix}-*")
                for kind in ("cluster", "cluster-pg", "cluster-snapshot", "db", "pg", "subgrp")
            ],
        ),
        # RDS keeps the master password, and asks with the rights of whoever makes the cluster.
        Statement(
            sid="PasswordsRdsKeeps",
            actions=["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
            resources=[arns.of("secretsmanager", "secret:rds!cluster-*")],
        ),
        Statement(
            sid="DatabaseLogs",
            actions=["logs:*"],
            resources=arns.log_group(f"/aws/rds/cluster/{names.prefix}-*"),
        ),
        Statement(
            sid="LookAtGlobalDatabases",
            actions=["rds:DescribeGlobalClusters"],
            resources=[arns.everywhere("rds", "global-cluster:*")],
        ),
        # AWS gives this action no resource to name.
        Statement(sid="LookAtEngines", actions=["rds:DescribeDBEngineVersions"], resources=["*"]),
    ]


def _discovery(arns: Arns, names: Names) -> list[Statement]:  # noqa: ARG001 - namespaces carry ids
    return [
        Statement(
            sid="Discovery",
            actions=["servicediscovery:*"],
            resources=[arns.of("servicediscovery", f"{kind}/*") for kind in ("namespace", "service")],
        ),
        # AWS gives these actions no resource to name; the zone of a namespace is made on the caller's behalf.
        Statement(
            sid="NewNamespaces",
            actions=[
                "route53:CreateHostedZone",
                "servicediscovery:CreatePrivateDnsNamespace",
                "servicediscovery:GetOperation",
                "servicediscovery:ListNamespaces",
                "servicediscovery:ListServices",
                "servicediscovery:ListTagsForResource",
                "servicediscovery:TagResource",
                "servicediscovery:UntagResource",
            ],
            resources=["*"],
        ),
        Statement(
            sid="ZonesOfNamespaces",
            actions=["route53:DeleteHostedZone", "route53:GetHostedZone"],
            resources=["arn:aws:route53:::hostedzone/*"],
        ),
    ]


def _files(arns: Arns, names: Names) -> list[Statement]:  # noqa: ARG001 - file systems carry ids
    return [
        Statement(
            sid="Files",
            actions=["elasticfilesystem:*"],
            resources=[arns.of("elasticfilesystem", f"{kind}/*") for kind in ("access-point", "file-system")],
        ),
        # AWS gives this action no resource to name.
        Statement(sid="NewFileSystems", actions=["elasticfilesystem:CreateFileSystem"], resources=["*"]),
    ]


def _firewall(arns: Arns, names: Names) -> list[Statement]:
    here = arns.of("wafv2", "regional/")
    edge = f"arn:aws:wafv2:{_CLOUDFRONT_REGION}:{arns.account}:global/"
    group = f"aws-waf-logs-{names.prefix}-*"
    return [
        Statement(
            sid="Firewall",
            actions=["wafv2:*"],
            resources=[
                pulumi.Output.concat(place, rest)
                for place in (here, edge)
                for rest in (f"webacl/{names.prefix}-*/*", "managedruleset/*/*")
            ],
        ),
        # Whoever puts a web ACL before something needs to be allowed from both ends.
        Statement(
            sid="ProtectedByTheFirewall",
            actions=[
                "apigateway:SetWebACL",
                "wafv2:AssociateWebACL",
                "wafv2:DisassociateWebACL",
                "wafv2:GetWebACLForResource",
            ],
            resources=[
                f"arn:aws:apigateway:{arns.region}::/restapis/*/stages/*",
                *(arns.of("elasticloadbalancing", f"loadbalancer/app/{name}") for name in names.short_patterns()),
            ],
        ),
        Statement(
            sid="FirewallLogs",
            actions=["logs:*"],
            resources=[
                *arns.log_group(group),
                f"arn:aws:logs:{_CLOUDFRONT_REGION}:{arns.account}:log-group:{group}",
                f"arn:aws:logs:{_CLOUDFRONT_REGION}:{arns.account}:log-group:{group}:*",
            ],
        ),
        # AWS gives these actions no resource to name; WAF sets up the delivery of its log with the caller's rights.
        Statement(
            sid="SetUpTheFirewall",
            actions=[
                "elasticloadbalancing:SetWebAcl",
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeResourcePolicies",
                "logs:PutResourcePolicy",
            ],
            resources=["*"],
        ),
    ]


def _functions(arns: Arns, names: Names) -> list[Statement]:
    return [
        Statement(sid="Functions", actions=["lambda:*"], resources=[arns.of("lambda", f"function:{names.prefix}-*")]),
        Statement(sid="FunctionLogs", actions=["logs:*"], resources=arns.log_group(f"/aws/lambda/{names.prefix}-*")),
    ]


def _instances(arns: Arns, names: Names) -> list[Statement]:
    profile = arns.everywhere("iam", f"instance-profile/{names.prefix}-*")
    return [
        Statement(
            sid="Machines",
            actions=["autoscaling:*"],
            resources=[arns.of("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{names.prefix}-*")],
        ),
        Statement(
            sid="MachinesOfTheCluster",
            actions=["ecs:*"],
            resources=[
                arns.of("ecs", f"capacity-provider/{names.prefix}-*"),
                arns.of("ecs", f"container-instance/{names.prefix}/*"),
            ],
        ),
        Statement(
            sid="RolesOfMachines",
            actions=[
                "iam:AddRoleToInstanceProfile",
                "iam:CreateInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:GetInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:UntagInstanceProfile",
            ],
            resources=[profile],
        ),
        # The image that AWS keeps for machines of ECS is named by a parameter.
        Statement(
            sid="NewestMachineImage",
            actions=["ssm:GetParameter", "ssm:GetParameters"],
            resources=[f"arn:aws:ssm:{arns.region}::parameter/aws/service/ecs/*"],
        ),
        # AWS gives these actions no resource to name.
        Statement(
            sid="NewCapacityProviders",
            actions=["autoscaling:Describe*", "ecs:CreateCapacityProvider"],
            resources=["*"],
        ),
    ]


def _notices(arns: Arns, names: Names) -> list[Statement]:
    return [
        Statement(sid="Notices", actions=["sns:*"], resources=[arns.of("sns", f"{names.prefix}-*")]),
        Statement(
            sid="Dashboards",
            actions=["cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"],
            resources=[arns.everywhere("cloudwatch", f"dashboard/{names.prefix}")],
        ),
    ]


def _queues(arns: Arns, names: Names) -> list[Statement]:
    return [Statement(sid="Queues", actions=["sqs:*"], resources=[arns.of("sqs", f"{names.prefix}-*")])]


def _secrets(arns: Arns, names: Names) -> list[Statement]:
    """Made, described and deleted; never read, and never given a value."""
    actions = (
        "CreateSecret",
        "DeleteResourcePolicy",
        "DeleteSecret",
        "DescribeSecret",
        "GetResourcePolicy",
        "PutResourcePolicy",
        "RestoreSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
    )
    return [
        Statement(
            sid="Secrets",
            actions=[f"secretsmanager:{action}" for action in actions],
            resources=[arns.of("secretsmanager", f"secret:{names.prefix}-*")],
        )
    ]


_KNOWN: dict[Area, Callable[[Arns, Names], list[Statement]]] = {
    "apis": _apis,
    "autoscaling": _autoscaling,
    "backups": _backups,
    "certificates": _certificates,
    "databases": _databases,
    "discovery": _discovery,
    "files": _files,
    "firewall": _firewall,
    "functions": _functions,
    "instances": _instances,
    "notices": _notices,
    "queues": _queues,
    "secrets": _secrets,
}


__all__ = ("AREAS", "Area", "area_policies", "managed_policy_statements", "passed_to")
