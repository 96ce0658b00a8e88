"""What the look before a release asks: whether all that the release relies on is there. It reads no value of a secret.

Who may not ask something is told so, and the release goes on.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi

from components.arns import Arns
from components.policies import Statement

Text = pulumi.Input[str]

# What the tasks are started in and sent traffic by. AWS gives these actions no resource to name.
LOOKED_AT_WITHOUT_ARN = (
    "ec2:DescribeSubnets",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "logs:DescribeLogGroups",
)


@dataclass(frozen=True, kw_only=True)
class Relied:
    """What the services of a stack rely on beside their own roles. Leave out what they do not.

    ``reader_role_arns`` are the execution roles that read the secrets, and ``capacity_providers`` the cluster's own.
    """

    secret_arns: t.Sequence[Text] = ()
    reader_role_arns: t.Sequence[Text] = ()
    file_system_arns: t.Sequence[Text] = ()
    capacity_providers: t.Sequence[Text] = ()

    def __post_init__(self) -> None:
        if bool(self.secret_arns) != bool(self.reader_role_arns):
            raise ValueError("Secrets come with the roles that read them; one of them is missing.")


def preflight_statements(
    arns: Arns, relied: Relied, *, own_role: Text, task_roles: t.Sequence[Text], cluster: Text
) -> list[Statement]:
    """Return what the pipeline may ask about the tasks' roles, secrets, files and places."""
    wanted: list[tuple[str, list[str], t.Sequence[Text]]] = [
        # Its own role among them: whose policies are simulated is known by the path, which the session does not tell.
        ("LookAtTheTasksRoles", ["iam:GetRole"], [*task_roles, own_role]),
        # Whether it may pass the tasks' roles, and whether those that read secrets may do so.
        ("SimulateItsRolesPolicies", ["iam:SimulatePrincipalPolicy"], [own_role, *relied.reader_role_arns]),
        (
            "LookAtSecretsButNotIntoThem",
            ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
            relied.secret_arns,
        ),
        (
            "LookAtFileSystems",
            ["elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeMountTargets"],
            relied.file_system_arns,
        ),
        ("LookAtTheClustersCapacity", ["ecs:DescribeClusters"], [cluster] if relied.capacity_providers else []),
        (
            "LookAtCapacityProviders",
            ["ecs:DescribeCapacityProviders"],
            [
                arns.of("ecs", pulumi.Output.concat("capacity-provider/", provider))
                for provider in relied.capacity_providers
            ],
        ),
    ]
    return [
        Statement(sid=sid, actions=actions, resources=list(resources))
        for sid, actions, resources in wanted
        if resources
    ]


__all__ = ("LOOKED_AT_WITHOUT_ARN", "Relied", "preflight_statements")
